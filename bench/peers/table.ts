/** The figures as Markdown. */

import { type Figure, msOf, type Runtime, type Target } from './figures.ts';
import type { Memory } from './memory.ts';

export interface MemoryFigure {
  readonly runtime: Runtime;
  readonly experts: number;
  /** undefined where the system does not say. */
  readonly memory: Memory | undefined;
}

const runtimes: readonly Runtime[] = ['Chorus', 'transformers.js', 'llama.cpp'];

const works: Readonly<Record<Figure['work'], string>> = {
  decode: 'a token',
  prefill: 'a new prompt, to its first token',
  keystroke: 'one more character after a known prompt, to its first token',
};

/** A row per piece of work and number of experts, a column per runtime, in milliseconds with tokens/s where tokens are made. */
export function figuresTable(figures: readonly Figure[]): string {
  const rows = figures.filter(
    ({ work, context, experts }, i) =>
      figures.findIndex(
        (other) => other.work === work && other.context === context && other.experts === experts,
      ) === i,
  );
  return markdown(
    ['ms', 'context', 'experts', ...runtimes],
    rows.map(({ work, context, experts }) => [
      works[work],
      context.toLocaleString('en'),
      `${experts}`,
      ...runtimes.map((runtime) => cell(work, msOf(figures, { runtime, work, context, experts }))),
    ]),
  );
}

/** A row per context: a token of one expert, and of more at how many times its cost. */
export function mixingTable(figures: readonly Figure[]): string {
  const counts = [...new Set(figures.map(({ experts }) => experts))];
  const contexts = [...new Set(figures.map(({ context }) => context))];
  const ms = (context: number, experts: number): number | undefined =>
    msOf(figures, { runtime: 'Chorus', work: 'decode', context, experts });
  return markdown(
    ['ms a token, separate experts mixed', ...counts.map((count) => `${count}`)],
    contexts.map((context) => [
      `context ${context.toLocaleString('en')}`,
      ...counts.map((count) => {
        const [one, here] = [ms(context, 1), ms(context, count)];
        if (here === undefined) return '';
        return one === undefined || count === 1
          ? here.toFixed(1)
          : `${here.toFixed(1)} (${(here / one).toFixed(2)}x)`;
      }),
    ]),
  );
}

export function memoryTable(figures: readonly MemoryFigure[]): string {
  const mebibytes = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(0));
  return markdown(
    ['process', 'experts', 'PSS, MiB', 'of it not from files, MiB'],
    figures.map(({ runtime, experts, memory }) => [
      runtime,
      `${experts}`,
      mebibytes(memory?.pss),
      mebibytes(memory?.anonymous),
    ]),
  );
}

export function targetsTable(targets: readonly Target[]): string {
  return markdown(
    ['target', 'wanted', 'measured', ''],
    targets.map(({ title, kind, bound, value, verdict }) => [
      title,
      `${kind} ${bound}`,
      value === undefined ? '' : value.toFixed(2),
      verdict,
    ]),
  );
}

function cell(work: Figure['work'], ms: number | undefined): string {
  if (ms === undefined) return '';
  const time = ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
  return work === 'decode' ? `${time} (${(1000 / ms).toFixed(1)}/s)` : time;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
