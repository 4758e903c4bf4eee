/** What the paper claims, tested: the mixture with fixed weights against each merge with the same weights, case by case. */

import { seededRandom } from '../../src/core/index.ts';
import type { CaseResults } from './measure.ts';
import { holm, type PairedDifference, type Part, pairedDifference } from './statistics.ts';
import type { Metric, Suite } from './suites.ts';

export interface MeasuredSuite {
  readonly suite: Suite;
  readonly measured: readonly CaseResults[];
}

const ROUNDS = 10_000;
const SIGNIFICANT = 0.05;
const main = ['final', 'exact', 'accuracy', 'bits'];

/**
 * A Markdown table: a row for each of `merges`, a column for each main figure of a suite, in it the mixture's figure less the merge's;
 * better and worse where the sign-flip test, corrected for all merges of the column (Holm), says so.
 */
export function sameWeightsTable(
  mixture: string,
  merges: readonly string[],
  { suites, seed }: { readonly suites: readonly MeasuredSuite[]; readonly seed: number },
): string {
  const columns = suites.flatMap(({ suite, measured }) =>
    suite.metrics
      .filter(({ key }) => main.includes(key))
      .map((metric) => ({
        title: `${suite.title}, ${metric.title}`,
        cells: column(metric, mixture, { merges, measured, seed }),
      })),
  );
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = [`${mixture} less`, ...columns.map(({ title }) => title)];
  return [
    `### ${mixture} against each merge`,
    '',
    row(head),
    row(head.map(() => '---')),
    ...merges.map((merge, i) => row([merge, ...columns.map(({ cells }) => cells[i] ?? '')])),
    '',
  ].join('\n');
}

interface Column {
  readonly merges: readonly string[];
  readonly measured: readonly CaseResults[];
  readonly seed: number;
}

function column(metric: Metric, mixture: string, { merges, measured, seed }: Column): string[] {
  const partsOf = (name: string): Part[] =>
    measured.map((results) => {
      const part = results[name]?.[metric.key];
      if (part === undefined) throw new Error(`${name} lacks '${metric.key}'`);
      return part;
    });
  const own = partsOf(mixture);
  const compared = merges.map((merge) =>
    pairedDifference(own, partsOf(merge), { random: seededRandom(seed), rounds: ROUNDS }),
  );
  const corrected = holm(compared.map(({ p }) => p));
  return compared.map((one, i) => cell(metric, one, corrected[i] ?? 1));
}

function cell({ kind }: Metric, { difference, low, high }: PairedDifference, p: number): string {
  const show = (value: number): string => {
    const text = kind === 'rate' ? (100 * value).toFixed(1) : value.toFixed(3);
    return value > 0 && Number(text) !== 0 ? `+${text}` : text;
  };
  const text = `${show(difference)} (${show(low)} to ${show(high)})`;
  if (p >= SIGNIFICANT) return text;
  const isBetter = kind === 'bits' ? difference < 0 : difference > 0;
  return `**${isBetter ? 'better' : 'worse'}** ${text}`;
}
