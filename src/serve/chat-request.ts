/** POST /v1/chat/completions: the body as what the engine is asked for. */

import * as v from 'valibot';
import type { ChatMessage, GrammarSetting } from '../protocol/engine.ts';
import { badRequest } from './api-error.ts';
import { type Asked, askedOf, checked, commonEntries, text, tokenCount } from './parameters.ts';

/** Tokens of an answer to which no limit is set: small models can go on for ever. */
const MOST_TOKENS = 512;

const content = v.union([
  text,
  v.pipe(v.array(v.looseObject({ type: v.string(), text: v.optional(text) })), v.maxLength(1000)),
]);

const nothing = v.nullish(v.pipe(v.array(v.unknown()), v.maxLength(0)));

const message = v.strictObject({
  role: v.picklist(['system', 'developer', 'user', 'assistant']),
  content: v.nullish(content),
  // What clients send back of an earlier answer.
  name: v.optional(v.unknown()),
  refusal: v.optional(v.unknown()),
  annotations: v.optional(v.unknown()),
  tool_calls: nothing,
  audio: v.nullish(v.never()),
  function_call: v.nullish(v.never()),
});

const responseFormat = v.variant('type', [
  v.strictObject({ type: v.literal('text') }),
  v.strictObject({ type: v.literal('json_object') }),
  v.strictObject({
    type: v.literal('json_schema'),
    json_schema: v.looseObject({ schema: v.union([v.boolean(), v.looseObject({})]) }),
  }),
]);

const schema = v.strictObject({
  ...commonEntries,
  messages: v.pipe(v.array(message), v.minLength(1), v.maxLength(10_000)),
  max_tokens: tokenCount,
  max_completion_tokens: tokenCount,
  logprobs: v.nullish(v.boolean()),
  top_logprobs: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(20))),
  response_format: v.nullish(responseFormat),
  tools: nothing,
  tool_choice: v.nullish(v.picklist(['none', 'auto'])),
  parallel_tool_calls: v.optional(v.unknown()),
  functions: nothing,
  modalities: v.nullish(v.array(v.literal('text'))),
});

/** Throws an `ApiError` that names what is wrong. */
export function chatRequest(body: unknown): Asked {
  const given = checked(schema, refusingTools(body));
  const { messages, logprobs, top_logprobs, response_format } = given;
  if (top_logprobs != null && logprobs !== true)
    throw badRequest("'top_logprobs' needs 'logprobs' to be true.", 'top_logprobs');
  const grammar = grammarOf(response_format);
  return askedOf(given, {
    surface: 'chat',
    prompt: { kind: 'messages', messages: messages.map(messageOf) },
    maxTokens: given.max_completion_tokens ?? given.max_tokens ?? MOST_TOKENS,
    ...(grammar !== undefined && { grammar }),
    ...(logprobs === true && { alternatives: top_logprobs ?? 0 }),
  });
}

/** The usual thing that a client wants and the experts cannot, in a sentence of its own. */
function refusingTools(body: unknown): unknown {
  const tools = typeof body === 'object' && body !== null && 'tools' in body ? body.tools : undefined;
  if (Array.isArray(tools) && tools.length > 0)
    throw badRequest("The experts call no tools. Leave 'tools' out.", 'tools', 'unsupported_parameter');
  return body;
}

type Message = v.InferOutput<typeof message>;

function messageOf({ role, content: given }: Message, at: number): ChatMessage {
  return { role: role === 'developer' ? 'system' : role, content: textOf(given, at) };
}

function textOf(given: Message['content'], at: number): string {
  if (given == null) return '';
  if (typeof given === 'string') return given;
  const pieces = given.map(({ type, text: piece }, part) => {
    const where = `messages[${at}].content[${part}]`;
    if (type !== 'text')
      throw badRequest(
        `'${where}' is of type '${type}', and the experts read text alone. Leave it out, or say in words what it shows.`,
        where,
        'unsupported_content',
      );
    if (piece === undefined) throw badRequest(`'${where}.text' is missing.`, `${where}.text`);
    return piece;
  });
  return pieces.join('');
}

function grammarOf(
  format: v.InferOutput<typeof responseFormat> | null | undefined,
): GrammarSetting | undefined {
  if (format == null) return undefined;
  switch (format.type) {
    case 'text':
      return undefined;
    case 'json_object':
      return { kind: 'json', schema: { type: 'object' } };
    case 'json_schema':
      return { kind: 'json', schema: format.json_schema.schema };
    default:
      return format satisfies never;
  }
}
