/** The figures of a comparison as a picture: a panel for each metric, a row for each method, a dot with its interval. */

import type { Metric } from './suites.ts';
import type { SuiteFigures } from './table.ts';
import type { Figure } from './verdicts.ts';

const ROW = 18;
const PANEL = 262;
const LABELS = 170;
const HEAD = 64;

/** Colours that are told apart without red and green, and read on a light and a dark page. */
const colours = { alone: '#8a8a8a', mod: '#2f7ed8', merge: '#d9822b' } as const;

/** An SVG document; the same figures give the same text. */
export function mergePlot(title: string, suites: readonly SuiteFigures[]): string {
  const panels = suites.flatMap(({ title: suite, metrics }) =>
    metrics
      .filter(({ metric }) => ['final', 'exact', 'bits', 'accuracy'].includes(metric.key))
      .map(({ metric, figures }) => ({ suite, metric, figures })),
  );
  const rows = panels[0]?.figures.map(({ name }) => name) ?? [];
  const columns = Math.min(3, Math.max(1, panels.length));
  const height = HEAD + rows.length * ROW + 34;
  const bands = Math.ceil(panels.length / columns);
  const size = { width: LABELS + columns * PANEL + 10, height: 30 + bands * height };
  const body = panels.map(({ suite, metric, figures }, i) => {
    const band = Math.floor(i / columns);
    const x = LABELS + (i % columns) * PANEL;
    const y = 30 + band * height;
    const labels = i % columns === 0 ? rows.map((row, at) => label(row, y + HEAD + at * ROW)).join('') : '';
    return labels + panel(suite, figures, { x, y, metric });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}: every method's figures with their 95 % intervals</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="8" y="20" font-size="14" fill="#222222">${escaped(title)}</text>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly metric: Metric;
}

function panel(suite: string, figures: readonly Figure[], { x, y, metric }: Placed): string {
  const isRate = metric.kind === 'rate';
  const most = isRate ? 1 : niceAbove(Math.max(...figures.map(({ high }) => high)));
  const width = PANEL - 48;
  const at = (value: number): string => (x + 10 + (width * Math.min(value, most)) / most).toFixed(1);
  const show = (value: number): string =>
    isRate ? `${Math.round(100 * value)} %` : String(Number(value.toFixed(2)));
  const bottom = y + HEAD + figures.length * ROW;
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = share * most;
    return `<line x1="${at(value)}" x2="${at(value)}" y1="${y + HEAD - 14}" y2="${bottom - 8}" stroke="#e4e4e4"/><text x="${at(value)}" y="${bottom + 6}" text-anchor="middle" fill="#666666">${show(value)}</text>`;
  });
  const dots = figures.map(({ name, value, low, high }, row) => {
    const middle = y + HEAD + row * ROW - 4;
    const colour = colours[kindOf(name)];
    return `<line x1="${at(low)}" x2="${at(high)}" y1="${middle}" y2="${middle}" stroke="${colour}" stroke-width="2"/><circle cx="${at(value)}" cy="${middle}" r="4" fill="${colour}"/>`;
  });
  return [
    `<text x="${x + 10}" y="${y + 26}" font-weight="bold" fill="#222222">${escaped(suite)}</text>`,
    `<text x="${x + 10}" y="${y + 40}" fill="#444444">${escaped(metric.title)} (${metric.kind === 'bits' ? 'lower' : 'higher'} is better)</text>`,
    ...lines,
    ...dots,
  ].join('\n');
}

function label(name: string, y: number): string {
  return `<text x="${LABELS - 6}" y="${y}" text-anchor="end" fill="#222222">${escaped(name.replaceAll('`', ''))}</text>\n`;
}

function kindOf(name: string): keyof typeof colours {
  if (name.endsWith(' alone')) return 'alone';
  return name.startsWith('MoD') ? 'mod' : 'merge';
}

function niceAbove(value: number): number {
  const step = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return (
    [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10]
      .map((factor) => factor * step)
      .find((candidate) => candidate >= value) ?? value
  );
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
