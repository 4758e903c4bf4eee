/** The estimate of an expert's memory beside what the system says of a process that loads it. Linux alone says that. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { memoryOf } from '../../src/engine/memory-check.ts';
import { engineEnvironment } from '../../src/protocol/engine-environment.ts';
import { cacheFolder, pocket, programs } from '../programs.ts';

/** Resident set size of a process, in bytes. What it shares is counted in full, so that nobody else's coming and going changes it. */
function memoryOfProcess(id: number): number {
  const kibibytes = /^Rss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1];
  return 1024 * Number(kibibytes);
}

interface Measured {
  readonly tokens: number;
  /** What the process grew by, from before it loaded anything. */
  readonly bytes: number;
}

/** Has a process of its own read texts of so many lines with one expert, one after the other. */
async function measured(
  name: string,
  precision: 'fp32' | 'q4',
  texts: readonly number[],
): Promise<Measured[]> {
  // As the extension starts its engine.
  const env = { ...process.env, ...engineEnvironment };
  const child = spawn(process.execPath, [join(programs, 'cli.js'), 'generate'], { env });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (request: object): Promise<{ promptTokens?: number }> => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value } = await lines.next();
      return JSON.parse(value);
    };
    await ask({});
    const before = memoryOfProcess(child.pid ?? 0);
    const results: Measured[] = [];
    for (const count of texts) {
      const prompt = 'const a = 1;\n'.repeat(count);
      const { promptTokens = 0 } = await ask({ experts: [{ model: name }], precision, prompt, maxTokens: 4 });
      results.push({ tokens: promptTokens, bytes: memoryOfProcess(child.pid ?? 0) - before });
    }
    return results;
  } finally {
    child.stdin.end();
    await new Promise((resolve) => child.on('close', resolve));
  }
}

/** Measured within 13 % on one machine; others have other libraries and collect at other moments. */
const share = 0.3;

describe.runIf(process.platform === 'linux')('the estimate of an expert’s memory', () => {
  const texts = [1, 125];
  const processes = new Map<string, Promise<Measured[]>>();
  const of = (precision: 'q4' | 'fp32'): Promise<Measured[]> => {
    const process = processes.get(precision) ?? measured('pocket/code', precision, texts);
    processes.set(precision, process);
    return process;
  };

  it.each([
    ['q4', 1],
    ['q4', 125],
    ['fp32', 1],
    ['fp32', 125],
  ] as const)('is near what a process grows by that loads one: %s, %i lines', async (precision, lines) => {
    const { tokens = 0, bytes = 0 } = (await of(precision))[texts.indexOf(lines)] ?? {};
    expect(tokens).toBeGreaterThan(5 * lines);
    const { total } = await memoryOf({
      folder: pocket('code'),
      precision,
      contextLimit: tokens,
      cacheFolder,
    });
    expect(total / bytes).toBeGreaterThan(1 - share);
    expect(total / bytes).toBeLessThan(1 + share);
  });

  it('is far from it for another precision or context (negative control)', async () => {
    const at = async (precision: 'q4' | 'fp32', contextLimit: number): Promise<number> =>
      (await memoryOf({ folder: pocket('code'), precision, contextLimit, cacheFolder })).total;
    expect((await at('fp32', 8)) / (await at('q4', 8))).toBeGreaterThan(1 + share);
    expect((await at('q4', 1000)) / (await at('q4', 8))).toBeGreaterThan(1 + share);
  });
});
