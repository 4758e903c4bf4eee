/** Who supplied what of an answer: over all of it, of each piece of text as it streams, and token by token. */

import type { Mix } from '../core/mix.ts';
import type { Step } from '../core/step.ts';
import type { PieceOrigin, TokenTrace } from '../protocol/engine.ts';
import { byExpert } from './mixture.ts';

export interface Tally {
  readonly ids: readonly number[];
  add(step: Step): void;
  /** Mean share of each expert over all tokens. */
  shares(): Record<string, number>;
  /** Those of the last token, or those it starts with. */
  weights(): Record<string, number>;
  /** Where the tokens come from that were added since it was last asked. */
  piece(): PieceOrigin;
}

export function createTally(first: Mix): Tally {
  const ids: number[] = [];
  const whole = createMeans();
  let piece = createMeans();
  let logProb = 0;
  let agreement = 1;
  let entropy = 0;
  let weights = byExpert(
    first.participants,
    first.participants.map(({ weight }) => weight),
  );
  return {
    ids,
    add(step) {
      ids.push(step.token);
      weights = byExpert(step.participants, step.weights);
      whole.add(step);
      piece.add(step);
      logProb += step.logProb;
      agreement = Math.min(agreement, step.agreement);
      entropy = Math.max(entropy, step.entropy);
    },
    shares: whole.means,
    weights: () => weights,
    piece() {
      const origin: PieceOrigin = {
        shares: piece.means(),
        ...(Number.isFinite(logProb) && { logProb }),
        ...(Number.isFinite(agreement) && { agreement }),
        ...(Number.isFinite(entropy) && { entropy }),
      };
      piece = createMeans();
      logProb = 0;
      agreement = 1;
      entropy = 0;
      return origin;
    },
  };
}

/** Mean shares by expert. */
function createMeans(): { add(step: Step): void; means(): Record<string, number> } {
  const sums: Record<string, number> = {};
  let count = 0;
  return {
    add({ participants, shares }) {
      count++;
      for (const [i, { expert }] of participants.entries()) {
        sums[expert.name] = (sums[expert.name] ?? 0) + (shares[i] ?? 0);
      }
    },
    means: () => Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])),
  };
}

/** @param spelled the bytes that a token adds to the answer */
export function traceOf(step: Step, text: string, spelled: (token: number) => Uint8Array): TokenTrace {
  return {
    id: step.token,
    text,
    bytes: [...spelled(step.token)],
    logProb: step.logProb,
    shares: byExpert(step.participants, step.shares),
    weights: byExpert(step.participants, step.weights),
    entropy: step.entropy,
    agreement: step.agreement,
    evaluated: step.participants.flatMap(({ expert }, i) => (step.evaluated[i] ? [expert.name] : [])),
    ...(step.alternatives !== undefined && {
      alternatives: step.alternatives.map(({ token, logProb }) => ({
        id: token,
        bytes: [...spelled(token)],
        logProb,
      })),
    }),
  };
}
