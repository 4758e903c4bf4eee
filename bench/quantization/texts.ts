/** The texts that quantised graphs are compared on: problems with their solutions, source files, functions with their descriptions. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { choose, readData } from '../quality/data.ts';

export interface TextSuite {
  readonly name: string;
  readonly texts: readonly string[];
}

const humanEval = v.object({ prompt: v.string(), canonical_solution: v.string() });

/** `count` texts of each kind, chosen by `seed`. @param folder laid out as bench/quality/data/README.md says; HumanEval may be missing */
export async function readTexts(
  folder: string,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<readonly TextSuite[]> {
  const { problems, infilling } = await readData(folder);
  const functions = await readHumanEval(join(folder, 'HumanEval.jsonl.gz'));
  const suites = [
    // One problem is a line or two.
    {
      name: 'problems',
      texts: grouped(
        problems.map(({ question, steps }) => `${question}\n${steps}\n`),
        8,
      ),
    },
    { name: 'infilling', texts: infilling.map(({ prefix, middle, suffix }) => prefix + middle + suffix) },
    { name: 'HumanEval', texts: functions },
  ];
  return suites
    .filter(({ texts }) => texts.length > 0)
    .map(({ name, texts }) => ({ name, texts: choose(texts, count, seed) }));
}

async function readHumanEval(file: string): Promise<string[]> {
  if (!existsSync(file)) return [];
  const lines = gunzipSync(await readFile(file))
    .toString('utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const { prompt, canonical_solution } = v.parse(humanEval, JSON.parse(line));
    return prompt + canonical_solution;
  });
}

function grouped(lines: readonly string[], size: number): string[] {
  return Array.from({ length: Math.ceil(lines.length / size) }, (_, i) =>
    lines.slice(i * size, (i + 1) * size).join('\n'),
  );
}
