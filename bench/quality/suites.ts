/** What is asked and what is counted: problems, GSM8K, HumanEval, infilling, and text that mixes both subjects. */

import type { Prompt } from '../../src/protocol/engine.ts';
import { boxedNumber, finalNumber, numberIn, sameNumber } from './answers.ts';
import { choose, type EvaluationData } from './data.ts';
import { editSimilarity } from './edit.ts';
import { type MixedText, mixedTexts } from './mixed.ts';
import type { Python } from './python.ts';
import type { Asked } from './scored-once.ts';
import type { Part } from './statistics.ts';

export interface Metric {
  readonly key: string;
  readonly title: string;
  /** A rate counts cases that are right; a mean and bits per byte are ratios of sums. */
  readonly kind: 'rate' | 'mean' | 'bits';
}

export interface Case {
  /** The same for the same content, whatever was chosen. */
  readonly content: string;
  measure(engine: Asked, options: MeasureCase): Promise<Readonly<Record<string, Part>>>;
}

export interface MeasureCase {
  readonly everyLine: boolean;
  /** Also asks for an answer; else there are bits per byte alone. */
  readonly answers: boolean;
}

export interface Suite {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  readonly cases: readonly Case[];
}

export const suiteNames = ['problems', 'gsm8k', 'humaneval', 'infilling', 'mixed'] as const;
export type SuiteName = (typeof suiteNames)[number];

/** Those that run no program which a model wrote. */
export const safeSuites = ['problems', 'gsm8k', 'infilling', 'mixed'] as const satisfies readonly SuiteName[];

export interface SuiteOptions {
  readonly data: EvaluationData;
  readonly count: number;
  readonly seed: number;
  /** Of GSM8K only so many from the beginning are chosen from; all where it is left out. */
  readonly first?: number | undefined;
  /** Who runs what HumanEval gets written. */
  readonly python?: Python | undefined;
}

const bits: Metric = { key: 'bits', title: 'bits per byte', kind: 'bits' };

export function suiteOf(name: SuiteName, { data, count, seed, first, python }: SuiteOptions): Suite {
  switch (name) {
    case 'problems':
      return {
        name,
        title: 'School problems',
        metrics: [
          { key: 'boxed', title: 'correct in a box', kind: 'rate' },
          { key: 'final', title: 'correct, box or last number', kind: 'rate' },
          bits,
        ],
        cases: choose(data.problems, count, seed).map((problem) => {
          const answer = numberIn(problem.answer);
          return {
            content: JSON.stringify(problem),
            async measure(engine, { answers }) {
              const prompt = question(problem.question);
              const reference = `${problem.steps}\nThe answer is \\boxed{${problem.answer}}.`;
              const bits = await bitsOf(engine, prompt, reference);
              if (!answers) return { bits };
              const text = await answered(engine, { prompt, maxTokens: 128, stop: [] });
              return {
                bits,
                boxed: part(sameNumber(boxedNumber(text), answer)),
                final: part(sameNumber(finalNumber(text), answer)),
              };
            },
          };
        }),
      };
    case 'gsm8k':
      return {
        name,
        title: 'GSM8K, test set',
        metrics: [{ key: 'final', title: 'correct, box or last number', kind: 'rate' }, bits],
        cases: choose(data.gsm8k.slice(0, first), count, seed).map((problem) => {
          const [worked = '', truth = ''] = problem.answer.split('\n#### ');
          return {
            content: JSON.stringify(problem),
            async measure(engine, { answers }) {
              const prompt = question(problem.question);
              // Without the annotations for a calculator, as the pocket experts saw the training set.
              const reference = `${worked.replace(/<<[^>]*>>/g, '')}\nThe answer is \\boxed{${truth}}.`;
              const bits = await bitsOf(engine, prompt, reference);
              if (!answers) return { bits };
              const text = await answered(engine, { prompt, maxTokens: 160, stop: [] });
              return { bits, final: part(sameNumber(finalNumber(text), numberIn(truth))) };
            },
          };
        }),
      };
    case 'humaneval':
      return {
        name,
        title: 'HumanEval',
        metrics: [{ key: 'passed', title: 'pass@1, greedy', kind: 'rate' }, bits],
        cases: choose(data.humaneval, count, seed).map((task) => ({
          content: JSON.stringify(task),
          async measure(engine, { answers }) {
            const prompt: Prompt = { kind: 'infill', prefix: task.prompt, suffix: '' };
            const bits = await bitsOf(engine, prompt, task.canonical_solution);
            if (!answers) return { bits };
            if (python === undefined) throw new Error('HumanEval needs python3');
            const text = await answered(engine, { prompt, maxTokens: 256, stop: endsOfFunction });
            const program = `${task.prompt}${text}\n\n${task.test}\ncheck(${task.entry_point})\n`;
            return { bits, passed: part((await python.run(program)) === 'passed') };
          },
        })),
      };
    case 'infilling':
      return {
        name,
        title: 'Single-line infilling',
        metrics: [
          { key: 'exact', title: 'exact line', kind: 'rate' },
          { key: 'similarity', title: 'edit similarity', kind: 'mean' },
          bits,
        ],
        cases: choose(data.infilling, count, seed).map((one) => ({
          content: JSON.stringify(one),
          async measure(engine, { answers }) {
            const prompt: Prompt = {
              kind: 'infill',
              prefix: one.prefix,
              suffix: one.suffix,
              file: one.file,
            };
            const bits = await bitsOf(engine, prompt, one.middle);
            if (!answers) return { bits };
            const text = await answered(engine, { prompt, maxTokens: 64, stop: ['\n'] });
            return {
              bits,
              exact: part(text === one.middle),
              similarity: { sum: editSimilarity(text, one.middle), weight: 1 },
            };
          },
        })),
      };
    case 'mixed': {
      // One order of all cases, so that a larger count only adds texts.
      const texts = mixedTexts(
        choose(data.problems, data.problems.length, seed),
        choose(data.infilling, data.infilling.length, seed),
      );
      return {
        name,
        title: 'Text that mixes both',
        metrics: [
          bits,
          { key: 'maths', title: 'of the mathematics', kind: 'bits' },
          { key: 'code', title: 'of the code', kind: 'bits' },
        ],
        cases: texts.slice(0, count).map((text) => ({
          content: JSON.stringify(text),
          measure: (engine, { everyLine }) =>
            everyLine ? scoredByLine(engine, text) : scoredAtOnce(engine, text),
        })),
      };
    }
    default:
      return name satisfies never;
  }
}

/** What follows a function; the same as in the paper (arXiv 2107.03374, section 2.1), with imports and decorators. */
const endsOfFunction = ['\nclass', '\ndef', '\n#', '\nif', '\nprint', '\n@', '\nimport', '\nfrom', '\n```'];

function question(content: string): Prompt {
  return { kind: 'messages', messages: [{ role: 'user', content }] };
}

function part(right: boolean): Part {
  return { sum: right ? 1 : 0, weight: 1 };
}

interface Question {
  readonly prompt: Prompt;
  readonly maxTokens: number;
  readonly stop: readonly string[];
}

/** The greedy answer. */
async function answered(engine: Asked, asked: Question): Promise<string> {
  const outcome = await engine.generate({
    ...asked,
    surface: 'completion',
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
    // The same text, sooner where it repeats itself.
    accelerate: 'lookup',
    trace: false,
  });
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  return outcome.result.text;
}

async function bitsOf(engine: Asked, prompt: Prompt, continuation: string): Promise<Part> {
  const { logProb, bytes } = await engine.score({ prompt, continuation });
  return { sum: -logProb / Math.LN2, weight: bytes };
}

/** The whole text after its opening is one answer; a token belongs to the segment in which it begins. */
async function scoredAtOnce(engine: Asked, { file, opening, segments }: MixedText) {
  const { perToken } = await engine.score({
    prompt: { kind: 'infill', prefix: opening, suffix: '', file },
    continuation: segments.map(({ text }) => text).join(''),
  });
  const tally = createTally();
  let segment = 0;
  let end = byteLength(segments[0]?.text ?? '');
  let at = 0;
  for (const { bytes, logProb } of perToken) {
    while (at >= end && segment + 1 < segments.length) end += byteLength(segments[++segment]?.text ?? '');
    tally.add(segments[segment]?.subject ?? 'code', { sum: -logProb / Math.LN2, weight: bytes });
    at += bytes;
  }
  return tally.parts();
}

/** Every line is asked for after the text before it, as an editor would ask. */
async function scoredByLine(engine: Asked, { file, opening, segments }: MixedText) {
  const tally = createTally();
  let prefix = opening;
  for (const { subject, text } of segments) {
    for (const line of text.match(/[^\n]*\n/g) ?? []) {
      tally.add(subject, await bitsOf(engine, { kind: 'infill', prefix, suffix: '', file }, line));
      prefix += line;
    }
  }
  return tally.parts();
}

function createTally() {
  const sums = { maths: { sum: 0, weight: 0 }, code: { sum: 0, weight: 0 } };
  return {
    add(subject: 'maths' | 'code', { sum, weight }: Part): void {
      sums[subject].sum += sum;
      sums[subject].weight += weight;
    },
    parts: () => ({
      bits: { sum: sums.maths.sum + sums.code.sum, weight: sums.maths.weight + sums.code.weight },
      ...sums,
    }),
  };
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
