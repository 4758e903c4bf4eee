/** `chorus eval`: the evaluation of a checkout, which is bundled when it runs and is no part of a package. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from './misuse.ts';
import type { Terminal } from './terminal.ts';

/** Resolves to the exit code. Ctrl+C in a terminal reaches both processes. */
export async function evaluate(
  args: readonly string[],
  { notes, interruption }: Terminal,
  programs: string,
): Promise<number> {
  const program = join(programs, '..', 'bench', 'quality', 'run.mjs');
  if (!existsSync(program)) {
    notes.write(
      'The evaluation is a part of the source, and this is a package. In a checkout of Chorus: npm run eval.\n',
    );
    return exitCodes.failed;
  }
  const signal = interruption();
  const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' });
  signal.addEventListener('abort', () => child.kill('SIGTERM'));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return signal.aborted ? exitCodes.cancelled : (code ?? exitCodes.failed);
}
