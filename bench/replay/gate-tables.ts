/** What is said of the gate, as tables in Markdown. */

import { seededRandom } from '../../src/core/random.ts';
import { auc, binned, overSessions, type Scored } from './separation.ts';
import { markdown, percent } from './table.ts';
import { candidates, type Left, leftBy, OPEN, type ShownInSession } from './thresholds.ts';
import type { Shown } from './typist.ts';

type Value = (shown: Shown) => number;

const ROUNDS = 2000;
const BINS = 4;

// What is not known keeps nothing back.
const confidence: Value = ({ certainty }) => certainty.confidence ?? 1;
const agreement: Value = ({ certainty }) => certainty.agreement ?? 1;

const fates: readonly ((shown: Shown) => boolean)[] = [
  ({ accepted }) => accepted > 0,
  ({ isRight }) => isRight,
];

/** @param hasOthers whether there are experts to agree */
export function separationTable(sessions: readonly ShownInSession[], hasOthers: boolean): string {
  const row = (name: string, score: Value, within: Value = () => 0, bins = 1): readonly string[] => [
    name,
    ...fates.map((isGood) => {
      const scored = (one: Shown): Scored => ({ score: score(one), isGood: isGood(one) });
      const figure = (shown: readonly Shown[]): number | undefined =>
        auc(binned(shown, within, bins).map((bin) => bin.map(scored)));
      const interval = overSessions(
        sessions.map(({ shown }) => shown),
        figure,
        { random: seededRandom(1), rounds: ROUNDS },
      );
      const all = figure(sessions.flatMap(({ shown }) => shown));
      return `${fixed(all)} (${fixed(interval?.low)} to ${fixed(interval?.high)})`;
    }),
  ];
  return markdown(
    ['figure', 'taken', 'right'],
    [
      row('confidence', confidence),
      ...(hasOthers
        ? [
            row('agreement', agreement),
            row('agreement, of like confidence', agreement, confidence, BINS),
            row('confidence, of like agreement', confidence, agreement, BINS),
          ]
        : []),
    ],
  );
}

function fixed(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(2);
}

export function sweepTable(name: 'minConfidence' | 'minAgreement', { keys, shown }: ShownInSession): string {
  const rows = candidates[name].map((limits) => ({
    name: String(limits[name]),
    left: leftBy(limits, shown),
  }));
  return leftTable(name, rows, keys);
}

/** @param rows the first is what the others are compared with */
export function leftTable(
  of: string,
  rows: readonly { readonly name: string; readonly left: Left }[],
  keys: number,
): string {
  const all = rows[0]?.left ?? leftBy(OPEN, []);
  return markdown(
    [of, 'suggestions', 'shown, a key', 'taken', 'right', 'characters accepted'],
    rows.map(({ name, left }) => [
      name,
      `${left.suggestions} (${percent(left.suggestions, all.suggestions)})`,
      percent(left.times, keys),
      `${left.taken} (${percent(left.taken, left.suggestions)})`,
      `${left.right} (${percent(left.right, left.suggestions)})`,
      `${left.characters} (${percent(left.characters, all.characters)})`,
    ]),
  );
}
