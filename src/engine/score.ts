/** How probable a given continuation is: under the pool and under each expert alone. */

import { type Constraint, mustBeginWith } from '../core/constraint.ts';
import { distributionOf } from '../core/distribution.ts';
import type { Prompt, Unit } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import { byteMixOf } from './by-bytes.ts';
import type { Experts } from './experts.ts';
import { createMixture } from './mixture.ts';
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
  const contexts = participants.map(({ prompt: head }) => Int32Array.from([...head, ...ids]));
  const distributions = participants.map(() => new Float64Array(vocabularySize));

  const most = Math.min(...participants.map(({ expert }) => expert.maxRows));
  for (let start = 0; start < ids.length; start += most) {
    const rows = Math.min(most, ids.length - start);
    const answers = await Promise.all(
      participants.map(({ expert, prompt: head }, i) =>
        expert.logits((contexts[i] as Int32Array).subarray(0, head.length + start + rows - 1), {
          rows,
          signal,
        }),
      ),
    );
    for (let row = 0; row < rows; row++) {
      const token = ids[start + row] as number;
      const mixed = answers.map((answer, i) => {
        if (answer === 'cancelled') throw new ChorusError('cancelled', 'Scoring was cancelled.');
        // In float64, whatever the expert computes itself: scores are compared to the last digits.
        return distributionOf({ logits: answer.logits }, row, distributions[i] as Float64Array);
      });
      scoring.add(mixed, {
        symbol: token,
        bytes: tokenizer.bytes(token).length,
        pooled: (probabilities) => logGiven(constraint, probabilities, token),
        alone: (i) => logGiven(constraint, distributions[i] as Float64Array, token),
      });
      constraint.accept(token);
    }
  }
  return { ...scoring.score(), unit: mix.unit, tokens: ids.length, bytes: bytes.length };
}

/** log p(token | the constraint) in nats; overwrites `probabilities`. */
function logGiven(constraint: Constraint, probabilities: Float64Array, token: number): number {
  constraint.restrict(probabilities);
  const mass = probabilities.reduce((sum, p) => sum + p, 0);
  return Math.log((probabilities[token] as number) / mass);
}
