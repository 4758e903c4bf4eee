/** What is measured of the gate: how well a figure separates, what a threshold leaves, and which one is chosen. */

import { describe, expect, it } from 'vitest';
import { auc, binned, overSessions } from '../../bench/replay/separation.ts';
import { candidates, choose, halves, leftBy, OPEN, together } from '../../bench/replay/thresholds.ts';
import type { Shown } from '../../bench/replay/typist.ts';
import { seededRandom } from '../../src/core/random.ts';

const scored = (good: readonly number[], bad: readonly number[]) => [
  ...good.map((score) => ({ score, isGood: true })),
  ...bad.map((score) => ({ score, isGood: false })),
];

describe('the area under the curve', () => {
  it('is 1 where the good ones are above, 0 where they are below, and a half for ties', () => {
    expect(auc([scored([3, 4], [1, 2])])).toBe(1);
    expect(auc([scored([1, 2], [3, 4])])).toBe(0);
    expect(auc([scored([1, 1], [1])])).toBe(0.5);
    // By hand: 2 beats 1 and loses to 3, 4 beats both.
    expect(auc([scored([2, 4], [1, 3])])).toBe(0.75);
  });

  it('compares within a bin only, and knows nothing where no bin holds both', () => {
    expect(auc([scored([1], [2]), scored([5], [4])])).toBe(0.5);
    expect(auc([scored([1], []), scored([], [0])])).toBeUndefined();
  });

  it('shows that a figure that only follows another adds nothing to it', () => {
    const cases = Array.from({ length: 400 }, (_, i) => ({ score: i, isGood: i >= 200 }));
    const within = (count: number) => auc(binned(cases, ({ score }) => score, count)) ?? 0.5;
    expect(within(1)).toBe(1);
    expect(within(4)).toBe(0.5);
  });

  it('has every case in one bin, in order', () => {
    const bins = binned([5, 1, 4, 2, 3], (one) => one, 2);
    expect(bins).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });
});

describe('the interval over sessions', () => {
  const alike = Array.from({ length: 12 }, (_, i) => scored([0.6, 0.9 - i / 100], [0.5, 0.7]));
  const figure = (cases: ReturnType<typeof scored>) => auc([cases]);
  const drawn = (sessions: typeof alike) =>
    overSessions(sessions, (cases) => figure([...cases]), { random: seededRandom(1), rounds: 500 });

  it('is narrow where the sessions are alike, wide where they are not, and the same every time', () => {
    const opposite = alike.map((_, i) => (i % 2 === 0 ? scored([1], [0]) : scored([0], [1])));
    const [narrow, wide] = [drawn(alike), drawn(opposite)];
    const width = (of: typeof narrow) => (of === undefined ? Number.NaN : of.high - of.low);
    expect(width(narrow)).toBeLessThan(0.1);
    expect(width(wide)).toBeGreaterThan(0.4);
    expect(drawn(alike)).toEqual(narrow);
  });

  it('is none where nothing was taken anywhere', () => {
    expect(drawn(alike.map(() => scored([], [1])))).toBeUndefined();
  });
});

const shown = (confidence: number, agreement: number, accepted = 0): Shown => ({
  certainty: { confidence, agreement },
  times: 2,
  isRight: accepted > 0,
  accepted,
});

/** Confidence tells the two apart, agreement does not. */
const toy = [
  shown(0.9, 0.2, 10),
  shown(0.8, 0.9, 10),
  shown(0.7, 0.5),
  shown(0.4, 0.1),
  shown(0.3, 0.9),
  shown(0.2, 0.5),
];

describe('a threshold', () => {
  it('leaves what the gate lets through', () => {
    expect(leftBy(OPEN, toy)).toEqual({ suggestions: 6, times: 12, taken: 2, right: 2, characters: 20 });
    const left = leftBy({ minConfidence: 0.4, minAgreement: 0.2 }, toy);
    expect(left).toEqual({ suggestions: 3, times: 6, taken: 2, right: 2, characters: 20 });
    expect(leftBy({ ...OPEN, minAgreement: 0.3 }, toy)).toMatchObject({ taken: 1, characters: 10 });
    const unknown = { ...shown(0, 0), certainty: {} };
    expect(leftBy({ minConfidence: 1, minAgreement: 1 }, [unknown]).suggestions).toBe(1);
  });

  it('is chosen to show the fewest without losing what is accepted', () => {
    const chosen = choose(candidates.minConfidence, toy);
    expect(chosen.minConfidence).toBeGreaterThan(0.7);
    expect(leftBy(chosen, toy)).toMatchObject({ suggestions: 2, characters: 20 });
    expect(choose(candidates.minAgreement, toy)).toEqual({ ...OPEN, minAgreement: 0.15 });
    expect(choose(candidates.both, toy).minAgreement).toBe(0);
  });

  it('may cost a tenth of the characters, not more', () => {
    const cheap = [...toy, shown(0.1, 0.1, 2)];
    expect(choose(candidates.minConfidence, cheap).minConfidence).toBeGreaterThan(0.7);
    expect(choose(candidates.minConfidence, [...toy, shown(0.1, 0.1, 3)]).minConfidence).toBeLessThan(0.2);
    expect(choose(candidates.both, [])).toEqual(OPEN);
  });
});

describe('the halves', () => {
  it('hold each session once, each held out once', () => {
    expect(halves(['a', 'b', 'c'])).toEqual([
      [['a', 'c'], ['b']],
      [['b'], ['a', 'c']],
    ]);
    expect(
      together([
        { keys: 3, shown: toy },
        { keys: 4, shown: [] },
      ]),
    ).toEqual({ keys: 7, shown: toy });
  });
});
