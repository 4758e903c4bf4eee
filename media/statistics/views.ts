/** The figures on top of the page, and the plots beneath. */

import { element } from '../chat/dom.ts';
import type { Figures } from './figures.ts';
import { type Plot, plotElement, type Series } from './plot.ts';
import { numberText, percentText, rateText } from './words.ts';

export function figureList(figures: Figures): readonly HTMLElement[] {
  const { shown, taken, takenShare, knownShare, whole, word, line, characters, after30, after300 } = figures;
  const entries: readonly (readonly [string, string, string])[] = [
    [
      'Suggestions shown',
      numberText(shown),
      `${percentText(knownShare)} of them known before they were asked for`,
    ],
    [
      'Taken',
      percentText(takenShare),
      `${numberText(taken)} suggestions, ${numberText(characters)} characters`,
    ],
    [
      'Times taken',
      numberText(whole + word + line),
      `whole ${numberText(whole)}, by words ${numberText(word)}, by lines ${numberText(line)}`,
    ],
    ['Still there after 30 s', percentText(after30.stillShare), keptText(after30)],
    ['Still there after 5 min', percentText(after300.stillShare), keptText(after300)],
    [
      'Tokens a second',
      rateText(figures.tokensPerSecond),
      'of suggestions and answers, after the prompt is read',
    ],
  ];
  return entries.map(([name, value, more]) =>
    element(
      'div',
      {},
      element('dt', {}, name),
      element('dd', { className: 'value' }, value),
      element('dd', { className: 'faint' }, more),
    ),
  );
}

function keptText({ looked, alike }: Figures['after30']): string {
  return looked === 0
    ? 'nothing was looked at yet'
    : `of ${numberText(looked)} looked at, which were ${percentText(alike)} as they had been`;
}

interface Day {
  readonly day: string;
  readonly figures: Figures;
}

export function plots(daily: readonly Day[]): readonly HTMLElement[] {
  const days = daily.map(({ day }) => day);
  const series = (name: string, tone: string, value: (figures: Figures) => number | undefined): Series => ({
    name,
    tone,
    values: daily.map(({ figures }) => value(figures)),
  });
  return [
    figure('Suggestions a day', {
      kind: 'bars',
      days,
      text: (value) => numberText(Math.round(value)),
      series: [
        series('shown', 'tone-0', ({ shown }) => shown),
        series('taken', 'tone-1', ({ taken }) => taken),
      ],
    }),
    figure('Still there', {
      kind: 'lines',
      days,
      top: 1,
      text: percentText,
      series: [
        series('after 30 s', 'tone-0', ({ after30 }) => after30.stillShare),
        series('after 5 min', 'tone-1', ({ after300 }) => after300.stillShare),
      ],
    }),
    figure('Tokens a second', {
      kind: 'lines',
      days,
      text: rateText,
      series: [series('tokens a second', 'tone-2', ({ tokensPerSecond }) => tokensPerSecond)],
    }),
  ];
}

function figure(title: string, plot: Omit<Plot, 'label'>): HTMLElement {
  const parts = plot.series.map(({ name, values }) => {
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) return `${name}: nothing`;
    return `${name}: from ${plot.text(Math.min(...known))} to ${plot.text(Math.max(...known))}`;
  });
  const label = `${title}, ${plot.days[0]} to ${plot.days.at(-1)}; ${parts.join('; ')}. The table of every day has the numbers.`;
  const legend =
    plot.series.length < 2
      ? []
      : plot.series.map(({ name, tone }) =>
          element('span', { className: `legend ${tone} ${plot.kind}` }, name),
        );
  return element(
    'figure',
    {},
    element('figcaption', {}, element('h2', {}, title), ...legend),
    plotElement({ ...plot, label }),
  );
}
