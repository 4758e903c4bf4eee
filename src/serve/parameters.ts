/** The parameters that chat and completion share, and how they become what the engine is asked for. */

import { randomInt } from 'node:crypto';
import * as v from 'valibot';
import { issueWords } from '../models/issue-words.ts';
import type { GenerateRequest, Sampling } from '../protocol/engine.ts';
import { type ApiError, badRequest } from './api-error.ts';

export const text = v.pipe(v.string(), v.maxLength(4_000_000));
export const tokenCount = v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)));
const stopText = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const only = <const T extends number>(value: T) => v.nullish(v.literal(value));

/** Asked for by clients as a matter of course, and without effect on an answer: taken, and left alone. */
const ignored = Object.fromEntries(
  [
    'user',
    'metadata',
    'store',
    'service_tier',
    'safety_identifier',
    'prompt_cache_key',
    'prompt_cache_retention',
    'prediction',
    'reasoning_effort',
    'verbosity',
    'cache_prompt',
  ].map((name) => [name, v.optional(v.unknown())]),
) as Record<'user', v.OptionalSchema<v.UnknownSchema, undefined>>;

export const commonEntries = {
  ...ignored,
  model: v.nullish(v.pipe(v.string(), v.maxLength(300))),
  temperature: v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(2))),
  top_p: v.nullish(share),
  top_k: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))),
  min_p: v.nullish(share),
  seed: v.nullish(v.pipe(v.number(), v.safeInteger())),
  stop: v.nullish(v.union([stopText, v.pipe(v.array(stopText), v.maxLength(16))])),
  stream: v.nullish(v.boolean()),
  stream_options: v.nullish(
    v.strictObject({
      include_usage: v.nullish(v.boolean()),
      include_obfuscation: v.optional(v.unknown()),
    }),
  ),
  n: only(1),
  presence_penalty: only(0),
  frequency_penalty: only(0),
  logit_bias: v.nullish(v.record(v.string(), v.literal(0))),
};

type Common = v.InferOutput<v.StrictObjectSchema<typeof commonEntries, undefined>>;

/** What is asked of the server rather than of the engine. */
export interface Asked {
  /** The one that is given first where none is named. */
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly request: GenerateRequest;
}

/** @param alternatives how many of the most probable tokens to name; undefined where nothing is asked about probabilities */
export function askedOf(
  common: Common,
  rest: Pick<GenerateRequest, 'prompt' | 'surface' | 'maxTokens' | 'grammar' | 'alternatives'>,
): Asked {
  const { model, stream, stream_options, stop } = common;
  if (stream_options != null && stream !== true)
    throw badRequest(
      "'stream_options' has no effect unless 'stream' is true. Leave it out.",
      'stream_options',
    );
  return {
    model: model ?? undefined,
    stream: stream === true,
    includeUsage: stream_options?.include_usage === true,
    request: {
      ...rest,
      sampling: samplingOf(common),
      stop: typeof stop === 'string' ? [stop] : (stop ?? []),
      accelerate: 'lookup',
      // For the agreement between the experts.
      trace: true,
    },
  };
}

/** Where no temperature is given the likeliest token is always taken: small experts wander at 1. */
function samplingOf({ temperature, top_p, top_k, min_p, seed }: Common): Sampling {
  return {
    temperature: temperature ?? 0,
    topP: top_p ?? 1,
    topK: top_k ?? 0,
    minP: min_p ?? 0,
    seed: seed ?? randomInt(2 ** 31),
  };
}

/** What a request's body says, checked; throws an `ApiError` that names what is wrong. */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  body: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  throw complaint(result.issues[0], body);
}

function complaint(issue: v.BaseIssue<unknown>, body: unknown): ApiError {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return badRequest('The body must be a JSON object.');
  const where = v.getDotPath(issue) ?? undefined;
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return badRequest(`There is no parameter '${where}' here. Leave it out.`, where, 'unknown_parameter');
  if (issue.received === 'undefined')
    return badRequest(`'${where}' is missing.`, where, 'missing_required_parameter');
  return badRequest(`${issueWords(issue)}.`, where, 'invalid_value');
}
