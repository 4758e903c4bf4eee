import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
// @ts-expect-error: a script without types
import { buildLibrary } from '../../scripts/library.mjs';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, '.cache', 'library-test');
const readme = readFileSync(join(root, 'src', 'core', 'README.md'), 'utf8');
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

it('the example of chorus/core has at most 20 lines, is well typed, and mixes two models', async () => {
  rmSync(folder, { recursive: true, force: true });
  const installed = join(folder, 'node_modules', 'chorus');
  mkdirSync(installed, { recursive: true });
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(installed, 'package.json'), JSON.stringify({ name: 'chorus', exports }));
  await buildLibrary(join(installed, 'library'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'example.ts'), example);
  const tsc = run('node_modules/typescript/bin/tsc', [
    '--ignoreConfig',
    ...[
      '--strict',
      '--skipDefaultLibCheck',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom',
      '--module',
      'nodenext',
    ],
    join(folder, 'example.ts'),
  ]);
  expect(tsc.stdout).toBe('');
  expect(tsc.status).toBe(0);
  const { stdout, stderr } = run(join(folder, 'example.js'), []);
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toHaveLength(8);
  for (const line of stdout.trim().split('\n'))
    expect(line).toMatch(/^[0-3] (0\.\d\d|1\.00) (0\.\d\d|1\.00)$/);
  expect(
    example
      .trim()
      .split('\n')
      .filter((line) => !/^(\/\*|$)/.test(line)).length,
  ).toBeLessThanOrEqual(20);
});

function run(script: string, args: readonly string[]) {
  return spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' });
}
