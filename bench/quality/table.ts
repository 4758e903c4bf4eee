/** The figures as Markdown. */

import type { Metric } from './suites.ts';
import type { Figure } from './verdicts.ts';

export interface MetricFigures {
  readonly metric: Metric;
  readonly figures: readonly Figure[];
}

export interface SuiteFigures {
  readonly title: string;
  readonly cases: number;
  readonly metrics: readonly MetricFigures[];
}

/** A row per variant, two columns per metric, and a line per metric that says who won. */
export function suiteTable({ title, cases, metrics }: SuiteFigures): string {
  const head = ['', ...metrics.flatMap(({ metric }) => [titleOf(metric), 'against the best alone'])];
  const rows = (metrics[0]?.figures ?? []).map(({ name }, row) => [
    name,
    ...metrics.flatMap(({ metric, figures }) => {
      const figure = figures[row];
      return figure === undefined ? ['', ''] : [valueCell(metric, figure), verdictCell(metric, figure)];
    }),
  ]);
  const table = [head, head.map(() => '---'), ...rows].map(markdownRow);
  return [`### ${title} (${cases} cases)`, '', ...table, '', ...metrics.map(summary), ''].join('\n');
}

/**
 * Bits per byte of all suites side by side, each as the difference to the expert that is best alone in that suite. Empty
 * where there is no mixture.
 */
export function overviewTable(suites: readonly SuiteFigures[]): string {
  const columns = suites.flatMap(({ title, metrics }) => {
    const bits = metrics.find(({ metric }) => metric.key === 'bits');
    return bits === undefined ? [] : [{ title, ...bits }];
  });
  const names = new Set(columns.flatMap(({ figures }) => figures.map(({ name }) => name)));
  const row = (name: string): string[] => [
    name,
    ...columns.map(({ metric, figures }) => {
      const best = figures.find(({ verdict }) => verdict === 'best alone');
      const one = figures.find((figure) => figure.name === name);
      if (one === undefined || best === undefined) return '';
      if (one === best) return `**best alone**, ${plainValue(metric, best)}`;
      const difference = signed(metric, one.value - best.value);
      if (one.verdict === 'alone') return difference;
      return one.verdict === 'level' ? `level ${difference}` : `**${one.verdict}** ${difference}`;
    }),
  ];
  if (columns.every(({ figures }) => figures.every(({ against }) => against === undefined))) return '';
  const head = ['bits per byte', ...columns.map(({ title }) => title)];
  const rows = [head, head.map(() => '---'), ...[...names].map(row)];
  return ['### Bits per byte against the best expert alone', '', ...rows.map(markdownRow), ''].join('\n');
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Two sentences: the best expert alone and the best mixture, and how all mixtures stand to that expert. */
export function summary({ metric, figures }: MetricFigures): string {
  const best = figures.find(({ verdict }) => verdict === 'best alone');
  const mixes = figures.filter(({ against }) => against !== undefined);
  const sign = metric.kind === 'bits' ? -1 : 1;
  const [mix] = [...mixes].sort((a, b) => sign * (b.value - a.value));
  const count = (wanted: Figure['verdict']): number =>
    mixes.filter(({ verdict }) => verdict === wanted).length;
  const named = (figure: Figure): string => `${figure.name} (${plainValue(metric, figure)})`;
  const alone = best === undefined ? 'nobody alone' : named(best);
  if (mix === undefined) return `- ${titleOf(metric)}: ${alone}; nothing to mix it with.`;
  return `- ${titleOf(metric)}: best alone is ${alone}, best mixture ${named(mix)}: ${mix.verdict}. Mixtures: ${count('wins')} win, ${count('level')} level, ${count('loses')} lose.`;
}

function titleOf({ title, kind }: Metric): string {
  return kind === 'bits' && title !== 'bits per byte' ? `bits per byte ${title}` : title;
}

function valueCell(metric: Metric, figure: Figure): string {
  return `${plainValue(metric, figure)} (${show(metric, figure.low)} to ${show(metric, figure.high)})`;
}

function plainValue(metric: Metric, { value }: Figure): string {
  return `${show(metric, value)}${metric.kind === 'rate' ? ' %' : ''}`;
}

function verdictCell(metric: Metric, { verdict, against }: Figure): string {
  if (verdict === 'alone') return '';
  if (against === undefined) return `**${verdict}**`;
  const { difference, low, high } = against;
  const text = `${signed(metric, difference)} (${signed(metric, low)} to ${signed(metric, high)})`;
  return verdict === 'level' ? `level ${text}` : `**${verdict}** ${text}`;
}

/** Rates in per cent, similarities with three digits, bits per byte with three. */
function show({ kind }: Metric, value: number): string {
  return kind === 'rate' ? (100 * value).toFixed(1) : value.toFixed(3);
}

/** With its sign, but for what rounds to 0. */
function signed(metric: Metric, value: number): string {
  const text = show(metric, value);
  if (Number(text) === 0) return text.replace('-', '');
  return value > 0 ? `+${text}` : text;
}
