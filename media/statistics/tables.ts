/** Figures as tables: what the plots show, for those who do not see them, and the groups. */

import { element } from '../chat/dom.ts';
import { numberText, t } from '../language.ts';
import type { Figures } from './figures.ts';
import { percentText, rateText } from './words.ts';

interface Named {
  readonly head: string;
  readonly cell: (figures: Figures) => string;
}

const columns: readonly Named[] = [
  { head: t('Shown'), cell: ({ shown }) => numberText(shown) },
  { head: t('Taken'), cell: ({ taken }) => numberText(taken) },
  { head: t('Taken, %'), cell: ({ takenShare }) => percentText(takenShare) },
  { head: t('Still there after 30 s'), cell: ({ after30 }) => percentText(after30.stillShare) },
  { head: t('After 5 min'), cell: ({ after300 }) => percentText(after300.stillShare) },
  { head: t('Known before'), cell: ({ knownShare }) => percentText(knownShare) },
];

const speed: Named = { head: t('Tokens/s'), cell: ({ tokensPerSecond }) => rateText(tokensPerSecond) };

/** A table of groups under a heading of its own. */
export function groupTable(
  title: string,
  head: string,
  groups: readonly { readonly name: string; readonly figures: Figures }[],
  { withSpeed }: { readonly withSpeed: boolean },
): HTMLElement {
  const shown = withSpeed ? [...columns, speed] : columns;
  return table(
    title,
    [head, ...shown.map((column) => column.head)],
    groups.map(({ name, figures }) => [name, ...shown.map(({ cell }) => cell(figures))]),
  );
}

/** A row a day, the newest first. */
export function dayTable(daily: readonly { readonly day: string; readonly figures: Figures }[]): HTMLElement {
  const shown = [...columns, speed];
  const rows = daily.map(({ day, figures }) => [day, ...shown.map(({ cell }) => cell(figures))]);
  return table(t('Every day'), [t('Day'), ...shown.map(({ head }) => head)], rows.reverse());
}

function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const body = rows.map(([name = '', ...cells]) =>
    element('tr', {}, element('th', { scope: 'row' }, name), ...cells.map((cell) => element('td', {}, cell))),
  );
  const made = element(
    'table',
    {},
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
    element('tbody', {}, ...body),
  );
  // Wider than a narrow tab it scrolls, by keyboard too.
  const frame = element('div', { className: 'scroll', tabIndex: 0 }, made);
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', caption);
  return frame;
}
