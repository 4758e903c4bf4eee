/** POST /v1/completions: the body as what the engine is asked for; with a suffix, text to fill in between. */

import * as v from 'valibot';
import { type Asked, askedOf, checked, commonEntries, text, tokenCount } from './parameters.ts';

/** As OpenAI's, where no limit is set. */
const MOST_TOKENS = 16;

const oneText = v.pipe(
  v.strictTuple([text]),
  v.transform(([only]) => only),
);

const schema = v.strictObject({
  ...commonEntries,
  prompt: v.union([text, oneText], 'must be a text, or a list with one text'),
  suffix: v.nullish(text),
  max_tokens: tokenCount,
  logprobs: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(20))),
  echo: v.nullish(v.boolean()),
  best_of: v.nullish(v.literal(1)),
});

export interface AskedCompletion extends Asked {
  /** What the text of the answer begins with. */
  readonly echo: string;
}

/** Throws an `ApiError` that names what is wrong. */
export function completionRequest(body: unknown): AskedCompletion {
  const given = checked(schema, body);
  const { prompt, suffix, logprobs, echo, max_tokens } = given;
  const asked = askedOf(given, {
    surface: 'completion',
    prompt: suffix == null ? { kind: 'text', text: prompt } : { kind: 'infill', prefix: prompt, suffix },
    maxTokens: max_tokens ?? MOST_TOKENS,
    ...(logprobs != null && { alternatives: logprobs }),
  });
  return { ...asked, echo: echo === true ? prompt : '' };
}
