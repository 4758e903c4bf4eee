/** Where the bundled programs and the embedded models are; vitest builds the former before the tests. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import type { ExpertSetting } from '../src/protocol/engine.ts';

export const root = join(import.meta.dirname, '..');
export const programs = join(root, 'dist');
/** Where graphs that tests build are kept. */
export const cacheFolder = join(root, '.cache', 'test');
export const pocket = (name: string): string => join(root, 'models', 'pocket', name);

/** A pocket expert as the extension would set it. */
export function setting(name: string, change: Partial<ExpertSetting> = {}): ExpertSetting {
  return { id: name, folder: pocket(name), precision: 'q4', active: true, weight: 1, ...change };
}

const newFolder = (parent = tmpdir()): string => mkdtempSync(join(parent, 'chorus-'));

/** A folder that goes when the test ends. */
export function temporaryFolder(parent = tmpdir()): string {
  const folder = newFolder(parent);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder that goes after all tests of the file: to be called outside of them. */
export function folderOfFile(): string {
  const folder = newFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Vitest's global set-up; `npm test` has built before. */
export default function build(): void {
  if (process.env.CHORUS_BUILT === '1') return;
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('The build failed: the tests need dist/.');
}
