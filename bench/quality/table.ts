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

/** A row per variant, two columns per metric, and a sentence per metric that says who won. */
export function suiteTable({ title, cases, metrics }: SuiteFigures): string {
  const head = ['', ...metrics.flatMap(({ metric }) => [titleOf(metric), 'against the best alone'])];
  const rows = (metrics[0]?.figures ?? []).map(({ name }, row) => [
    name,
    ...metrics.flatMap(({ metric, figures }) => {
      const figure = figures[row];
      return figure === undefined ? ['', ''] : [valueCell(metric, figure), verdictCell(metric, figure)];
    }),
  ]);
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [`### ${title} (${cases} cases)`, '', ...table, '', ...metrics.map(summary), ''].join('\n');
}

/** One sentence: the best expert alone, and how the mixtures stand to it. */
export function summary({ metric, figures }: MetricFigures): string {
  const best = figures.find(({ verdict }) => verdict === 'best alone');
  const count = (wanted: Figure['verdict']): number =>
    figures.filter(({ verdict }) => verdict === wanted).length;
  const mixes = count('wins') + count('level') + count('loses');
  const start = `- ${metric.title}: ${best?.name ?? 'nobody'} is the best expert alone`;
  if (mixes === 0) return `${start}.`;
  const winners = figures.filter(({ verdict }) => verdict === 'wins').map(({ name }) => name);
  const wins = winners.length === 0 ? 'no mixture beats it' : `it is beaten by ${winners.join('; ')}`;
  return `${start}; ${wins} (of ${mixes}: ${count('wins')} win, ${count('level')} level, ${count('loses')} lose).`;
}

function titleOf({ title, kind }: Metric): string {
  return kind === 'bits' && title !== 'bits per byte' ? `bits per byte ${title}` : title;
}

function valueCell(metric: Metric, { value, low, high }: Figure): string {
  const unit = metric.kind === 'rate' ? ' %' : '';
  return `${show(metric, value)}${unit} (${show(metric, low)} to ${show(metric, high)})`;
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

function signed({ kind }: Metric, value: number): string {
  const digits = kind === 'rate' ? (100 * value).toFixed(1) : value.toFixed(3);
  return Number(digits) === 0 ? digits.replace('-', '') : value > 0 ? `+${digits}` : digits;
}
