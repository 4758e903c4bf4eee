/** `chorus merge` as a terminal runs it: a process, its lines, its exit code, Ctrl+C. */

import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeToy } from '../merge/toy-models.ts';
import { programs, temporaryFolder } from '../programs.ts';

interface Ran {
  readonly code: number | null;
  readonly line: Record<string, unknown>;
  readonly notes: string;
}

/** `interrupt` sends Ctrl+C once the process has said so much of its progress. */
async function merge(args: readonly string[], interrupt?: RegExp): Promise<Ran> {
  const child = spawn(process.execPath, [join(programs, 'cli.js'), 'merge', ...args]);
  let out = '';
  let notes = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    notes += chunk.toString();
    if (interrupt?.test(notes)) child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, line: out === '' ? {} : JSON.parse(out), notes };
}

function recipe(text: string): { home: string; file: string } {
  const home = temporaryFolder();
  const file = join(home, 'config.yml');
  writeFileSync(file, text.replaceAll('HOME', home));
  return { home, file };
}

describe('merge', () => {
  it('makes a model by a recipe, once, and rebuilds an expert from an EMR merge', async () => {
    const { home, file } = recipe(
      'merge_method: emr\nbase_model: HOME/base\nmodels: [{model: HOME/a}, {model: HOME/b}]\nparameters: {int8_mask: true}\n',
    );
    for (const [i, name] of ['base', 'a', 'b'].entries()) writeToy(join(home, name), i * i);
    const out = join(home, 'out');
    const made = await merge([file, out]);
    expect(made).toMatchObject({ code: 0, line: { folder: out, tensors: 4 } });
    expect(made.notes).toMatch(/100 %[\s\S]*Note: 'int8_mask' has no effect/);
    expect(await merge([file, out])).toMatchObject({ code: 1, line: { error: { code: 'request-invalid' } } });
    expect((await merge(['--force', file, out])).code).toBe(0);
    const expert = basename(home);
    expect(await merge(['--rebuild', `${expert}/a`, out, join(home, 'a again')])).toMatchObject({ code: 0 });
    expect((await merge(['--rebuild', 'c', out, join(home, 'c')])).line).toMatchObject({
      error: { message: expect.stringContaining(`${expert}/a, ${expert}/b`) },
    });
  });

  it.each([
    [[], 2, /Name the recipe/],
    [['a.yml'], 2, /Name the recipe/],
    [['no-such.yml', 'out'], 1, /no-such.yml cannot be read/],
    [['a.yml', 'out', '--colour', 'red'], 2, /colour/],
    [['a.yml', 'out', '--random-seed', 'many'], 2, /random-seed/],
  ])('refuses %j with %i in a line', async (args, exit, message) => {
    const { code, line } = await merge(args);
    expect(code).toBe(exit);
    expect(line).toMatchObject({ error: { message: expect.stringMatching(message) } });
  });

  it('leaves nothing after Ctrl+C', async () => {
    const { home, file } = recipe(
      'merge_method: ties\nbase_model: pocket/general\nmodels: [{model: pocket/code}, {model: pocket/math}]\nparameters: {weight: 1, density: 0.5}\n',
    );
    const stopped = await merge([file, join(home, 'out')], /10 %/);
    expect(stopped).toMatchObject({ code: 130, line: { error: { code: 'cancelled' } } });
    expect(readdirSync(home)).toEqual(['config.yml']);
  });
});
