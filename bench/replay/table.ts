/** The figures as a table in Markdown. */

import { type Figures, wastedOf } from './figures.ts';

const columns: readonly (readonly [string, (figures: Figures) => string])[] = [
  ['keys', ({ keys }) => String(keys)],
  ['shown, a key', ({ shown, keys }) => percent(shown, keys)],
  ['of these known already', ({ known, shown }) => percent(known, shown)],
  ['accepted', ({ accepted }) => String(accepted)],
  [
    'characters accepted',
    ({ acceptedCharacters, characters }) =>
      `${acceptedCharacters} (${percent(acceptedCharacters, characters)})`,
  ],
  ['keys saved', ({ savedKeys, keys }) => percent(savedKeys, keys)],
  ['ms to a suggestion, p50 / p95', ({ p50, p95 }) => `${Math.round(p50)} / ${Math.round(p95)}`],
  ['requests', ({ requests }) => String(requests)],
  ['tokens decoded', ({ decoded }) => String(decoded)],
  ['wasted', (figures) => percent(wastedOf(figures), figures.decoded)],
  [
    'given up / unseen / not taken',
    ({ wasted: { cancelled, unseen, seen } }) => `${cancelled} / ${unseen} / ${seen}`,
  ],
];

export function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}

export function table(of: string, rows: readonly (readonly [string, Figures])[]): string {
  return markdown(
    [of, ...columns.map(([name]) => name)],
    rows.map(([name, figures]) => [name, ...columns.map(([, cell]) => cell(figures))]),
  );
}

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
