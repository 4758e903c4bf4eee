/** How probable a given continuation is: under the pool and under each expert alone. */

import { type Constraint, mustBeginWith } from '../core/constraint.ts';
import { distributionOf } from '../core/distribution.ts';
import { poolInto } from '../core/pool.ts';
import { fixedWeighting } from '../core/weighting.ts';
import { normaliseWeights } from '../core/weights.ts';
import type { Prompt, Unit } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import { MAX_ROWS } from '../runtime/expert.ts';
import { byteMixOf } from './by-bytes.ts';
import type { Experts } from './experts.ts';
import { byExpert, createMixture } from './mixture.ts';
import { type ScoredPiece, scoreBytes } from './score-bytes.ts';
import { onSurface, surfaceOf } from './surface.ts';
import type { TemplateRenderer } from './template.ts';

export interface Score {
  /** log m(continuation | prompt) in nats, each token given the ones before it. */
  readonly logProb: number;
  /** The same under each expert alone, by id. */
  readonly experts: Readonly<Record<string, number>>;
  readonly weights: Readonly<Record<string, number>>;
  /** Bytes where the experts' vocabularies differ; then each byte is given the ones before it. */
  readonly unit: Unit;
  /** Tokens of the continuation, with the word at the cursor where there is one; by bytes as many as `bytes`. */
  readonly tokens: number;
  /** UTF-8 bytes of the continuation: -logProb / (bytes ln 2) is bits per byte. */
  readonly bytes: number;
  /** The same token by token, or byte by byte, from the text that the prompt gave back on: bytes of each token and log m in nats. */
  readonly perToken: readonly ScoredPiece[];
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
  const { participants, pool, weighting: makeWeighting } = mix;
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
  const prior = participants.map(({ weight }) => weight);
  const weighting = (makeWeighting ?? fixedWeighting)(prior);
  let weights: readonly number[] = normaliseWeights(prior);
  const contexts = participants.map(({ prompt: head }) => Int32Array.from([...head, ...ids]));
  const alone = participants.map(() => 0);
  const distributions = participants.map(() => new Float64Array(vocabularySize));
  const pooled = new Float64Array(vocabularySize);
  const perToken: ScoredPiece[] = [];

  for (let start = 0; start < ids.length; start += MAX_ROWS) {
    const rows = Math.min(MAX_ROWS, ids.length - start);
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
      weights = weighting.weights(mixed);
      poolInto(pool, mixed, weights, pooled);
      perToken.push({
        bytes: tokenizer.bytes(token).length,
        logProb: logGiven(constraint, pooled, token),
      });
      weighting.learn(mixed, token);
      for (const [i, probabilities] of distributions.entries()) {
        alone[i] = (alone[i] as number) + logGiven(constraint, probabilities, token);
      }
      constraint.accept(token);
    }
  }
  return {
    logProb: perToken.reduce((sum, token) => sum + token.logProb, 0),
    experts: byExpert(participants, alone),
    weights: byExpert(participants, weights),
    unit: mix.unit,
    tokens: ids.length,
    bytes: bytes.length,
    perToken,
  };
}

/** log p(token | the constraint) in nats; overwrites `probabilities`. */
function logGiven(constraint: Constraint, probabilities: Float64Array, token: number): number {
  constraint.restrict(probabilities);
  const mass = probabilities.reduce((sum, p) => sum + p, 0);
  return Math.log((probabilities[token] as number) / mass);
}
