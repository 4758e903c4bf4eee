/** All experts asked at once, and guesses from the context (`Drafts`) checked several at a time. */

import type { Asker, Decoding } from './decoding.ts';
import { copyRows, type Rows } from './expert.ts';

export interface TogetherAsker extends Asker {
  /** Whether there are guesses at what comes next, or rows that were computed for some. */
  guesses(): boolean;
}

export function askTogether(decoding: Decoding): TogetherAsker {
  const { options, participants } = decoding;
  const probabilities = participants.map(() => new Float64Array(decoding.vocabularySize));
  let draft: readonly number[] | undefined;
  /** The rows that follow each token of the draft, per participant. */
  let answers: readonly Rows[] = [];
  /** Rows that are still good, from `row` on. */
  let rows = 0;
  let row = 0;

  const propose = (): readonly number[] => {
    const lead = participants[0];
    if (lead === undefined || options.drafts === undefined) return [];
    const left = Math.min(decoding.room(), options.maxTokens - decoding.generated.length) - 1;
    return options.drafts.propose(decoding.context(lead, []), left);
  };

  const ask = async (): Promise<'cancelled' | 'done'> => {
    draft ??= propose();
    rows = draft.length + 1;
    row = 0;
    const all = await Promise.all(
      participants.map((p) =>
        p.expert.logits(decoding.context(p, draft ?? []), { rows, signal: options.signal }),
      ),
    );
    const whole = all.filter((answer) => answer !== 'cancelled');
    if (whole.length < all.length) return 'cancelled';
    // The experts may be asked by others before the last row is used.
    answers = rows === 1 ? whole : whole.map(copyRows);
    return 'done';
  };

  return {
    guesses() {
      if (row < rows) return true;
      // Nothing was repeated so far; others may have drawn tokens since.
      if (draft === undefined || draft.length === 0) draft = propose();
      return draft.length > 0;
    },
    async next() {
      if (row >= rows && (await ask()) === 'cancelled') return 'cancelled';
      const step = decoding.draw(
        participants.map((p, i) =>
          decoding.distribution(p, answers[i] as Rows, row, probabilities[i] as Float64Array),
        ),
      );
      if (step.token === draft?.[row]) row++;
      else {
        // The last row, or a guess that was wrong: what was guessed further on is void.
        options.drafts?.learn(rows - 1, row);
        rows = 0;
        row = 0;
        draft = undefined;
      }
      return step;
    },
  };
}
