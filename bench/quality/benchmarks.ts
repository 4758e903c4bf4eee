/** The benchmarks that lie in a folder as suites: the paper's prompt, greedy, up to 2048 tokens, judged by math-equal.ts. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastBox } from './answers.ts';
import { type Benchmark, type BenchmarkProblem, benchmarks } from './benchmark-readers.ts';
import { choose } from './data.ts';
import { choiceIn, mathEqual, type SymbolicEqual } from './math-equal.ts';
import type { Asked } from './scored-once.ts';
import type { Suite } from './suites.ts';

/** The system message of the harness for Qwen2.5-Math. */
export const INSTRUCTION = 'Please reason step by step, and put your final answer within \\boxed{}.';
const MOST_TOKENS = 2048;

export interface BenchmarkOptions {
  /** Cases of each; undefined for all. */
  readonly count: number | undefined;
  readonly seed: number;
  readonly symbolic: SymbolicEqual;
}

/** Throws an `Error` where the folder holds none of them, or a line is not as its benchmark has it. */
export async function benchmarkSuites(folder: string, options: BenchmarkOptions): Promise<Suite[]> {
  const suites: Suite[] = [];
  for (const [name, benchmark] of Object.entries(benchmarks)) {
    const file = [join(folder, name, 'test.jsonl'), join(folder, `${name}.jsonl`)].find(existsSync);
    if (file === undefined) continue;
    const problems = readProblems(file, await readFile(file, 'utf8'), benchmark);
    suites.push(suiteFrom(name, benchmark, problems, options));
  }
  if (suites.length > 0) return suites;
  throw new Error(
    `${folder} holds none of the benchmarks. They are looked for as NAME/test.jsonl or NAME.jsonl: ${Object.keys(benchmarks).join(', ')}.`,
  );
}

export function readProblems(file: string, lines: string, benchmark: Benchmark): BenchmarkProblem[] {
  return lines.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      return [benchmark.read(JSON.parse(line))];
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`${file}, line ${i + 1}: ${why}. It is not an entry of ${benchmark.title}.`);
    }
  });
}

function suiteFrom(
  name: string,
  benchmark: Benchmark,
  problems: readonly BenchmarkProblem[],
  { count = problems.length, seed, symbolic }: BenchmarkOptions,
): Suite {
  return {
    name,
    title: benchmark.title,
    metrics: [{ key: 'accuracy', title: 'correct', kind: 'rate' }],
    cases: choose(problems, count, seed).map((problem) => ({
      content: JSON.stringify(problem),
      async measure(engine) {
        const text = await answerOf(engine, problem.question);
        const right = await isRight(text, problem.truth, { benchmark, symbolic });
        return { accuracy: { sum: right ? 1 : 0, weight: 1 } };
      },
    })),
  };
}

export interface Judging {
  readonly benchmark: Benchmark;
  readonly symbolic: SymbolicEqual;
}

export async function isRight(
  text: string,
  truth: string,
  { benchmark, symbolic }: Judging,
): Promise<boolean> {
  const { choice = false, keepUnits = false } = benchmark;
  if (choice) return choiceIn(finalAnswer(text)) === truth;
  return mathEqual(finalAnswer(text), truth, { symbolic, keepUnits });
}

/** What stands in the last box; else after "the answer is"; else the last number. */
export function finalAnswer(text: string): string {
  if (text.includes('\\boxed')) return lastBox(text) ?? '';
  const said = text.split(/[Tt]he answer is|final answer is/).at(-1);
  if (said !== undefined && said !== text) return said.trim();
  return (
    text
      .replace(/(?<=\d),(?=\d)/g, '')
      .match(/-?\d*\.?\d+/g)
      ?.at(-1) ?? ''
  );
}

async function answerOf(engine: Asked, question: string): Promise<string> {
  const outcome = await engine.generate({
    surface: 'chat',
    prompt: {
      kind: 'messages',
      messages: [
        { role: 'system', content: INSTRUCTION },
        { role: 'user', content: question },
      ],
    },
    maxTokens: MOST_TOKENS,
    stop: [],
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
    accelerate: 'none',
    trace: false,
  });
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  return outcome.result.text;
}
