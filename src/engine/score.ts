/** How probable a given continuation is: under the pool and under each expert alone. */

import { type Constraint, mustBeginWith } from '../core/constraint.ts';
import type { Prompt, Unit } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import { byteMixOf } from './by-bytes.ts';
import type { Experts } from './experts.ts';
import { createMixture } from './mixture.ts';
import { overTokens } from './over-steps.ts';
import { createPooledScore, type PooledScore } from './pooled-score.ts';
import { scoreBytes } from './score-bytes.ts';
import { onSurface, surfaceOf } from './surface.ts';
import type { TemplateRenderer } from './template.ts';

/** `logProb` is log m(continuation | prompt), each token given the ones before it; `perToken` from the text that the prompt gave back on. */
export interface Score extends PooledScore {
  /** Bytes where the experts' vocabularies differ; then each byte is given the ones before it. */
  readonly unit: Unit;
  /** Tokens of the continuation, with the word at the cursor where there is one; by bytes as many as `bytes`. */
  readonly tokens: number;
  /** UTF-8 bytes of the continuation: -logProb / (bytes ln 2) is bits per byte. */
  readonly bytes: number;
}

export interface ScoreOptions {
  readonly experts: Experts;
  readonly templates: TemplateRenderer;
  readonly signal: AbortSignal;
}

export async function score(
  { prompt, continuation }: { readonly prompt: Prompt; readonly continuation: string },
  { experts, templates, signal }: ScoreOptions,
): Promise<Score> {
  await experts.load();
  const mixture = createMixture(onSurface(experts, surfaceOf(prompt)), prompt, templates, signal);
  const mix = await mixture.now();
  const { participants } = mix;
  const first = participants[0];
  if (first === undefined)
    throw new ChorusError('no-expert', 'No expert takes part: give at least one with a weight.');
  const { tokenizer, vocabularySize } = first.expert;
  if (continuation === '') {
    throw new ChorusError('request-invalid', "'continuation' is empty: there is nothing to score.");
  }
  const bytes = new TextEncoder().encode(continuation);
  if (mix.unit === 'byte') {
    const scored = await scoreBytes(byteMixOf(mix), bytes, signal);
    return { ...scored, unit: 'byte', tokens: bytes.length, bytes: bytes.length };
  }
  // The continuation goes on from text that the prompt gave back: both are scored as one, given that it begins so.
  const { opening } = first;
  const constraint = mustBeginWith(new TextEncoder().encode(opening), tokenizer.bytes);
  const ids = tokenizer.encode(opening + continuation);
  const scoring = createPooledScore(mix, vocabularySize);
  await overTokens(mix, ids, {
    signal,
    say(distributions, step) {
      const token = ids[step] as number;
      scoring.add(distributions, {
        symbol: token,
        bytes: tokenizer.bytes(token).length,
        pooled: (probabilities) => logGiven(constraint, probabilities, token),
        alone: (i) => logGiven(constraint, distributions[i]?.probabilities as Float64Array, token),
      });
      constraint.accept(token);
    },
  });
  return { ...scoring.score(), unit: mix.unit, tokens: ids.length, bytes: bytes.length };
}

/** log p(token | the constraint) in nats; overwrites `probabilities`. */
function logGiven(constraint: Constraint, probabilities: Float64Array, token: number): number {
  constraint.restrict(probabilities);
  const mass = probabilities.reduce((sum, p) => sum + p, 0);
  return Math.log((probabilities[token] as number) / mass);
}
