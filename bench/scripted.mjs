// What benchmarks need that ask through the scripting interface: cases from a folder of data, and one process that answers.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The first `count` lines of a JSON-lines file. */
export function casesOf(folder, name, count) {
  return readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, count)
    .map((line) => JSON.parse(line));
}

/** Ends the process with a sentence where no folder of data is named. */
export function dataFolder(values) {
  if (values.data !== undefined) return values.data;
  console.error('Name the folder with infilling.jsonl and problems.jsonl: --data FOLDER');
  process.exit(2);
}

/** The number in the last \boxed{...}; NaN without one. */
export const boxed = (text) =>
  Number(
    text
      .match(/\\boxed\{([^{}]*)\}/g)
      ?.at(-1)
      ?.slice(7, -1),
  );

/** One `chorus generate` for many requests. */
export function startGenerate() {
  const program = join(import.meta.dirname, '..', 'dist', 'cli.js');
  const child = spawn(process.execPath, [program, 'generate'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** Rejects with the reason where the request fails. */
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const answer = JSON.parse((await answers.next()).value);
      if (answer.error !== undefined) throw new Error(answer.error.message);
      return answer;
    },
    end: () => child.stdin.end(),
  };
}
