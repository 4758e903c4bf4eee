/** The model that the mix Tiny begins with, in a catalogue of a test's own: a pocket expert as a GGUF file, on a hub of the test's own. */

import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../../src/models/catalog.ts';
import { TINY_BASE } from '../../src/models/tiny.ts';
import { programs, root, temporaryFolder } from '../programs.ts';
import { hubModel } from './toy.ts';

export const SOURCE_FILE = 'pocket.gguf';

/** A folder of embedded models: the pocket experts, and the catalogue with `bytes` as the base of Tiny. */
export function modelsWith(bytes: Uint8Array, folder = temporaryFolder()): string {
  const model = { ...hubModel({ [SOURCE_FILE]: bytes }), id: TINY_BASE, name: 'A small model' };
  const catalogue: Catalog = { models: [model], mixes: [] };
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(root, 'models', 'pocket'), join(folder, 'pocket'), 'dir');
  writeFileSync(join(folder, 'catalog.json'), JSON.stringify(catalogue));
  return folder;
}

/** The programs with these models beside them, as they are installed; gives cli.js. */
export function programsWith(bytes: Uint8Array): string {
  const folder = temporaryFolder();
  cpSync(programs, join(folder, 'dist'), {
    recursive: true,
    filter: (file) => !file.endsWith('.map') && !file.includes('media'),
  });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  modelsWith(bytes, join(folder, 'models'));
  return join(folder, 'dist', 'cli.js');
}
