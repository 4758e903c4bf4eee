/**
 * What the gate would leave of suggestions that were shown, threshold by threshold, as if the rest of the session stayed as it was. It does
 * not: where a suggestion is kept back, the next key asks anew. So what is chosen here is replayed with the setting on.
 */

import { type GateLimits, gate } from '../../src/text/gate.ts';
import type { Shown } from './typist.ts';

export interface Left {
  readonly suggestions: number;
  /** Keys at which one stood there. */
  readonly times: number;
  /** Of which something was accepted. */
  readonly taken: number;
  readonly right: number;
  /** Accepted. */
  readonly characters: number;
}

export const OPEN: GateLimits = { minConfidence: 0, minAgreement: 0 };

const STEPS: readonly number[] = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/** What can be set, in steps of 0.05: one of the two, or both. */
export const candidates = {
  minConfidence: [OPEN, ...STEPS.map((minConfidence) => ({ ...OPEN, minConfidence }))],
  minAgreement: [OPEN, ...STEPS.map((minAgreement) => ({ ...OPEN, minAgreement }))],
  both: [0, ...STEPS].flatMap((minConfidence) =>
    [0, ...STEPS].map((minAgreement) => ({ minConfidence, minAgreement })),
  ),
} satisfies Record<string, readonly GateLimits[]>;

export function leftBy(limits: GateLimits, shown: readonly Shown[]): Left {
  const left = shown.filter(({ certainty }) => gate(certainty, limits) === undefined);
  const sum = (of: (one: Shown) => number): number => left.reduce((all, one) => all + of(one), 0);
  return {
    suggestions: left.length,
    times: sum(({ times }) => times),
    taken: sum(({ accepted }) => Number(accepted > 0)),
    right: sum(({ isRight }) => Number(isRight)),
    characters: sum(({ accepted }) => accepted),
  };
}

/** A gate may cost so much of the characters, and no more. */
export const KEPT = 0.9;

/** The limits that show the fewest suggestions and keep nine tenths of the accepted characters; the first of those that do equally well. */
export function choose(limits: readonly GateLimits[], shown: readonly Shown[]): GateLimits {
  const least = KEPT * leftBy(OPEN, shown).characters;
  let best = OPEN;
  for (const one of limits) {
    const left = leftBy(one, shown);
    if (left.characters >= least && left.suggestions < leftBy(best, shown).suggestions) best = one;
  }
  return best;
}

export interface ShownInSession {
  readonly keys: number;
  readonly shown: readonly Shown[];
}

export function together(sessions: readonly ShownInSession[]): ShownInSession {
  return {
    keys: sessions.reduce((sum, { keys }) => sum + keys, 0),
    shown: sessions.flatMap(({ shown }) => shown),
  };
}

/** The sessions to choose on and those held out, and the other way round; neighbours are alike in kind, so each half has some of each. */
export function halves<Session>(
  sessions: readonly Session[],
): readonly (readonly [readonly Session[], readonly Session[]])[] {
  const odd = sessions.filter((_, i) => i % 2 === 0);
  const even = sessions.filter((_, i) => i % 2 === 1);
  return [
    [odd, even],
    [even, odd],
  ];
}
