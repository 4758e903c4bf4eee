/** What `npm pack` makes: the command line with all it runs, so that `npx ./chorus-0.1.0.tgz` works where there is no source. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { programs, root } from '../programs.ts';

it('holds every program and grammar that the command line opens, and only what is listed', () => {
  const lines = readFileSync(join(root, '.npmignore'), 'utf8').split('\n');
  const [everything, ...kept] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  expect(everything).toBe('**');
  expect(kept.filter((line) => !line.startsWith('!'))).toEqual([]);
  const cli = readFileSync(join(programs, 'cli.js'), 'utf8');
  const opened = readdirSync(programs).filter(
    (name) => name.endsWith('.js') && (name === 'cli.js' || cli.includes(`"${name}"`)),
  );
  expect(opened).toContain('worker.js');
  const wanted = [...opened.map((name) => `!dist/${name}`), '!dist/*.wasm', '!models/catalog.json'];
  expect(kept).toEqual(expect.arrayContaining(wanted));
  expect(kept).not.toContain('!dist/*.js');
});
