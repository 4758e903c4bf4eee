/** The evaluation data: JSON lines, checked, without repeats, and a seeded choice of cases. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { seededRandom } from '../../src/core/index.ts';

const problem = v.object({ question: v.string(), answer: v.string(), steps: v.string() });
const gsm8k = v.object({ question: v.string(), answer: v.string() });
const infilling = v.object({
  file: v.string(),
  prefix: v.string(),
  middle: v.pipe(v.string(), v.minLength(1)),
  suffix: v.string(),
});

/** A function to write, as HumanEval has it (arXiv 2107.03374). */
const task = v.object({
  task_id: v.string(),
  prompt: v.string(),
  canonical_solution: v.pipe(v.string(), v.minLength(1)),
  test: v.string(),
  entry_point: v.pipe(v.string(), v.regex(/^[A-Za-z_]\w*$/)),
});

export type Problem = v.InferOutput<typeof problem>;
export type WordProblem = v.InferOutput<typeof gsm8k>;
export type InfillingCase = v.InferOutput<typeof infilling>;
export type Task = v.InferOutput<typeof task>;

export interface EvaluationData {
  readonly problems: readonly Problem[];
  readonly gsm8k: readonly WordProblem[];
  readonly infilling: readonly InfillingCase[];
  /** Empty where the folder has none. */
  readonly humaneval: readonly Task[];
}

/** Throws an `Error` that names the file and the line at fault. */
export async function readData(folder: string): Promise<EvaluationData> {
  return {
    problems: distinct(await readLines(join(folder, 'problems.jsonl'), problem), ({ question }) => question),
    gsm8k: distinct(await readLines(join(folder, 'gsm8k-test.jsonl'), gsm8k), ({ question }) => question),
    infilling: distinct(
      await readLines(join(folder, 'infilling.jsonl'), infilling),
      ({ prefix, middle, suffix }) => JSON.stringify([prefix, middle, suffix]),
    ),
    humaneval: await readTasks(folder),
  };
}

async function readTasks(folder: string): Promise<Task[]> {
  const plain = join(folder, 'HumanEval.jsonl');
  if (existsSync(plain)) return readLines(plain, task);
  const packed = `${plain}.gz`;
  return existsSync(packed) ? readLines(packed, task) : [];
}

/** `count` of the cases, or all where there are fewer, in an order that the seed alone decides. */
export function choose<Case>(cases: readonly Case[], count: number, seed: number): Case[] {
  const random = seededRandom(seed);
  const shuffled = [...cases];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j] as Case, shuffled[i] as Case];
  }
  return shuffled.slice(0, count);
}

function distinct<Case>(cases: readonly Case[], key: (one: Case) => string): Case[] {
  return [...new Map(cases.map((one) => [key(one), one])).values()];
}

/** More than any of these files needs, and less than what a small file could be packed to fill. */
const MOST_BYTES = 100_000_000;

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: MOST_BYTES }) : bytes).toString('utf8');
}

async function readLines<Schema extends v.GenericSchema>(
  file: string,
  schema: Schema,
): Promise<v.InferOutput<Schema>[]> {
  const text = await readText(file).catch(() => {
    throw new Error(
      `${file} cannot be read. --data wants a folder as bench/quality/data/README.md describes it.`,
    );
  });
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), line);
    if (!parsed.success) throw new Error(`${file}, line ${i + 1}: ${parsed.issues[0].message}.`);
    return [parsed.output];
  });
}
