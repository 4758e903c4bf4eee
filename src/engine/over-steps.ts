/** What every expert says of each step of a text that is there already, given the steps before it. */

import { createFollowers } from '../core/byte-followers.ts';
import type { ByteMix } from '../core/decode-bytes.ts';
import { type Distribution, distributionOf } from '../core/distribution.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { LiveMix } from './mixture.ts';

export interface OverSteps {
  readonly signal: AbortSignal;
  /** Called in order; `distributions`, one a participant, are valid until it returns. */
  readonly say: (distributions: readonly Distribution[], step: number) => void;
  /** Awaited between two runs of the experts. */
  readonly between?: () => Promise<void>;
}

/**
 * Tokens `from` to the last of `ids`, after each participant's prompt; many rows in one run.
 * Rejects with a `ChorusError` where it is cancelled.
 */
export async function overTokens(
  { participants }: LiveMix,
  ids: readonly number[],
  { signal, say, between, from = 0 }: OverSteps & { readonly from?: number },
): Promise<void> {
  const contexts = participants.map(({ prompt }) => Int32Array.from([...prompt, ...ids]));
  const distributions = participants.map(({ expert }) => new Float64Array(expert.vocabularySize));
  const most = Math.min(...participants.map(({ expert }) => expert.maxRows));
  for (let start = from; start < ids.length; start += most) {
    const rows = Math.min(most, ids.length - start);
    const answers = await Promise.all(
      participants.map(({ expert, prompt }, i) =>
        expert.logits((contexts[i] as Int32Array).subarray(0, prompt.length + start + rows - 1), {
          rows,
          signal,
        }),
      ),
    );
    for (let row = 0; row < rows; row++) {
      const mixed = answers.map((answer, i) => {
        if (answer === 'cancelled') throw cancelled();
        // In float64, whatever the expert computes itself: scores are compared to the last digits.
        return distributionOf({ logits: answer.logits }, row, distributions[i] as Float64Array);
      });
      say(mixed, start + row);
    }
    await between?.();
  }
}

/** Each byte, exactly. Rejects with a `ChorusError` where it is cancelled. */
export async function overBytes(
  { participants }: ByteMix,
  bytes: ArrayLike<number>,
  { signal, say, between }: OverSteps,
): Promise<void> {
  const following = createFollowers(0);
  const before: number[] = [];
  for (let step = 0; step < bytes.length; step++) {
    const models = participants.map((participant) => following.follow(participant, before).model);
    const answers = await Promise.all(models.map((model) => model.next(signal)));
    const distributions = answers.map((answer) => {
      if (answer === 'cancelled') throw cancelled();
      return answer;
    });
    say(distributions, step);
    before.push(bytes[step] as number);
    await between?.();
  }
}

function cancelled(): ChorusError {
  return new ChorusError('cancelled', 'The request was cancelled.');
}
