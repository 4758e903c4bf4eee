/** Advice on a mix in words and a Markdown table, the same for the editor and the terminal. */

import { ADVICE, type AdviceRow } from '../core/advice.ts';

export interface AdviceToReport {
  readonly rows: readonly AdviceRow[];
  readonly chosen?: AdviceRow | undefined;
  readonly unmeasured: readonly { readonly id: string; readonly failure: { readonly message: string } }[];
  /** Bytes. */
  readonly memoryLimit: number;
  readonly sample: {
    readonly texts: number;
    readonly pieces: number;
    readonly fitBytes: number;
    readonly judgeBytes: number;
  };
}

/** What to use, and why, in one or two sentences. */
export function adviceVerdict({ rows, chosen, memoryLimit }: AdviceToReport): string {
  if (chosen === undefined) {
    return rows.length === 0
      ? 'No expert could be measured.'
      : `No expert fits into the memory limit of ${megabytes(memoryLimit)}.`;
  }
  const [only, second] = chosen.members;
  if (only !== undefined && second === undefined) {
    const tried = rows.filter(({ kind }) => kind === 'no-gain').length;
    const because =
      tried === 0
        ? 'There was no other set to try.'
        : `Of ${counted(tried, 'larger set')} tried, none is better by more than chance explains.`;
    return `Use ${only.id} alone: ${bits(chosen.bitsPerByte)} bits per byte. ${because}`;
  }
  const best = rows.find(
    ({ kind, memoryBytes, vocabulary }) =>
      kind === 'alone' && memoryBytes <= memoryLimit && vocabulary === chosen.vocabulary,
  );
  const saved = best === undefined ? 0 : 1 - chosen.bitsPerByte / best.bitsPerByte;
  const against =
    best === undefined
      ? ''
      : `, ${(100 * saved).toFixed(1)} % fewer than ${best.members[0]?.id} alone (${bits(best.bitsPerByte)})`;
  return `Mix ${named(chosen)}: ${bits(chosen.bitsPerByte)} bits per byte${against}, on text that was not used to choose.`;
}

/** The whole report as Markdown. */
export function adviceReport(advice: AdviceToReport): string {
  const { rows, chosen, unmeasured, memoryLimit, sample } = advice;
  const vocabularies = [...new Set(rows.map(({ vocabulary }) => vocabulary))];
  const several = vocabularies.length > 1;
  const lines = [
    '# Advice on the mix',
    '',
    plain(adviceVerdict(advice)),
    '',
    `| ${several ? 'Vocabulary | ' : ''}Experts | Bits per byte | Saved | Memory | |`,
    `|${several ? '---|' : ''}---|---:|---:|---:|---|`,
    ...rows.map((row) => {
      const letter = several ? `${'ABCDEFGHIJKLMNOP'[vocabularies.indexOf(row.vocabulary)] ?? '?'} | ` : '';
      const use = row === chosen || sameRow(row, chosen) ? '**use this**' : meaning(row);
      return `| ${letter}${plain(named(row))} | ${bits(row.bitsPerByte)} | ${saving(row)} | ${megabytes(row.memoryBytes)} | ${use} |`;
    }),
    '',
    ...unmeasured.map(({ id, failure }) => `- Not measured: ${plain(id)}. ${plain(failure.message)}`),
    ...(several
      ? [
          '- Experts of different vocabularies cut text into different tokens. They are compared here by bits per byte, and only experts of one vocabulary were tried together.',
        ]
      : []),
    `- Fewer bits per byte means that the text was foreseen better. Measured on ${counted(sample.texts, 'file')}, ${counted(sample.pieces, 'piece')}: weights and order were found on ${sample.fitBytes} bytes, the figures are from ${sample.judgeBytes} other bytes.`,
    `- A set counts as better when it saves at least ${ADVICE.leastGain} bits per byte and more than ${ADVICE.standardErrors} standard errors (after ±). Figures are for the linear pool with fixed weights and text read from left to right.`,
    `- Memory is estimated, with the context and what the work needs; ${Number.isFinite(memoryLimit) ? `the limit is ${megabytes(memoryLimit)}` : 'no limit was given'}.`,
    '',
  ];
  return lines.join('\n');
}

function meaning({ kind, gain }: AdviceRow): string {
  switch (kind) {
    case 'alone':
      return '';
    case 'step':
      return 'better';
    case 'no-gain':
      return gain > 0 ? 'not better by enough' : 'not better';
    case 'over-limit':
      return 'better, but over the memory limit';
    default:
      return kind satisfies never;
  }
}

function saving({ kind, gain, standardError }: AdviceRow): string {
  return kind === 'alone' ? '' : `${gain.toFixed(3)} ± ${standardError.toFixed(3)}`;
}

function named({ members }: AdviceRow): string {
  const [only, second] = members;
  if (only !== undefined && second === undefined) return only.id;
  return [...members]
    .sort((a, b) => b.weight - a.weight)
    .map(({ id, weight }) => `${id} (${(100 * weight).toFixed(weight < 0.01 ? 1 : 0)} %)`)
    .join(' + ');
}

/** A model's folder may have any name: none becomes a link, a tag or a column. */
function plain(text: string): string {
  return text.replace(/[\\`[\]<>|]/g, '\\$&').replace(/\s+/g, ' ');
}

/** Also after a journey between processes, where nothing is the same object. */
function sameRow(row: AdviceRow, chosen: AdviceRow | undefined): boolean {
  return chosen !== undefined && row.kind === chosen.kind && named(row) === named(chosen);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function bits(value: number): string {
  return value.toFixed(3);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
