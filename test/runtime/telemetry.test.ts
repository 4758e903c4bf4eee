/** ONNX Runtime reports to its maker by default; with Chorus it must not (design, invariant 7). */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pocket, programs, root, temporaryFolder } from '../programs.ts';

/** Runs Node with an empty home and without the variables that would silence telemetry by themselves. */
function nodeIn(home: string, args: readonly string[]): void {
  const { CI, ORT_DISABLE_TELEMETRY, XDG_CACHE_HOME, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...env, HOME: home },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

const database = (home: string): string =>
  join(home, '.cache', 'Microsoft', 'DeveloperTools', '.onnxruntime');

describe.runIf(process.platform === 'linux')('telemetry', () => {
  it('is off when Chorus runs a model', () => {
    const home = temporaryFolder();
    nodeIn(home, [
      join(programs, 'cli.js'),
      'generate',
      '--expert',
      'pocket/math',
      '--message',
      'Hi',
      '--max-tokens',
      '2',
    ]);
    expect(existsSync(database(home))).toBe(false);
  });

  it('would be seen here: the runtime alone leaves its database (negative control)', () => {
    const home = temporaryFolder();
    const graph = JSON.stringify(join(pocket('math'), 'onnx', 'model_q4.onnx'));
    nodeIn(home, ['-e', `require('onnxruntime-node').InferenceSession.create(${graph})`]);
    expect(existsSync(database(home))).toBe(true);
  });
});
