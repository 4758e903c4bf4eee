/** The figures on top of the page, and the plots beneath. */

import { element } from '../chat/dom.ts';
import { numberText, t } from '../language.ts';
import type { Figures } from './figures.ts';
import { type Plot, plotElement, type Series } from './plot.ts';
import { percentText, rateText } from './words.ts';

export function figureList(figures: Figures): readonly HTMLElement[] {
  const { shown, taken, takenShare, knownShare, whole, word, line, characters, after30, after300 } = figures;
  const entries: readonly (readonly [string, string, string])[] = [
    [
      t('Suggestions shown'),
      numberText(shown),
      t('{0} of them known before they were asked for', percentText(knownShare)),
    ],
    [
      t('Taken'),
      percentText(takenShare),
      t('Suggestions: {0}, characters: {1}', numberText(taken), numberText(characters)),
    ],
    [
      t('Times taken'),
      numberText(whole + word + line),
      t('whole {0}, by words {1}, by lines {2}', numberText(whole), numberText(word), numberText(line)),
    ],
    [t('Still there after 30 s'), percentText(after30.stillShare), keptText(after30)],
    [t('Still there after 5 min'), percentText(after300.stillShare), keptText(after300)],
    [
      t('Tokens a second'),
      rateText(figures.tokensPerSecond),
      t('of suggestions and answers, after the prompt is read'),
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
    ? t('nothing was looked at yet')
    : t('of {0} looked at, which were {1} as they had been', numberText(looked), percentText(alike));
}

interface Day {
  readonly day: string;
  readonly figures: Figures;
}

/** `width` is what there is for them, in pixels. */
export function plots(daily: readonly Day[], width: number): readonly HTMLElement[] {
  const days = daily.map(({ day }) => day);
  const series = (name: string, tone: string, value: (figures: Figures) => number | undefined): Series => ({
    name,
    tone,
    values: daily.map(({ figures }) => value(figures)),
  });
  return [
    figure(t('Suggestions a day'), {
      kind: 'bars',
      days,
      width,
      text: (value) => numberText(Math.round(value)),
      series: [
        series(t('shown'), 'tone-0', ({ shown }) => shown),
        series(t('taken'), 'tone-1', ({ taken }) => taken),
      ],
    }),
    figure(t('Still there'), {
      kind: 'lines',
      days,
      width,
      top: 1,
      text: percentText,
      series: [
        series(t('after 30 s'), 'tone-0', ({ after30 }) => after30.stillShare),
        series(t('after 5 min'), 'tone-1', ({ after300 }) => after300.stillShare),
      ],
    }),
    figure(t('Tokens a second'), {
      kind: 'lines',
      days,
      width,
      text: rateText,
      series: [series(t('tokens a second'), 'tone-2', ({ tokensPerSecond }) => tokensPerSecond)],
    }),
  ];
}

function figure(title: string, plot: Omit<Plot, 'label'>): HTMLElement {
  const parts = plot.series.map(({ name, values }) => {
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) return t('{0}: nothing', name);
    return t('{0}: from {1} to {2}', name, plot.text(Math.min(...known)), plot.text(Math.max(...known)));
  });
  const label = t(
    '{0}, {1} to {2}; {3}. The table of every day has the numbers.',
    title,
    plot.days[0] ?? '',
    plot.days.at(-1) ?? '',
    parts.join('; '),
  );
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
