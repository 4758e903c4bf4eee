/** Bundles as the editor asks the engine for them. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { fetchModel } from '../../src/fetch/fetch-model.ts';
import { modelsFolder } from '../../src/models/stored-model.ts';
import type { ObtainProgress } from '../../src/protocol/obtain.ts';
import { startHub } from '../fetch/fake-hub.ts';
import { hashes, hubModel, noise, place, visible } from '../fetch/toy.ts';
import { programs, temporaryFolder } from '../programs.ts';

const files = { 'toy.gguf': noise(200_000, 'engine') };
const model = hubModel(files);

function engineWith(cacheFolder: string) {
  const models = temporaryFolder();
  writeFileSync(join(models, 'catalog.json'), JSON.stringify({ models: [model], mixes: [] }));
  const engine = createEngine({ programs, models, cacheFolder, environment: {} });
  onTestFinished(() => engine.dispose());
  return engine;
}

it('goes from one machine to another, with its progress, and what goes wrong is an outcome', async () => {
  const hub = await startHub(files);
  const here = place({ hub: hub.address });
  const file = join(temporaryFolder(), 'bundle.zip');
  const one = engineWith(here.cache);
  const request = { kind: 'export', models: ['toy'], file } as const;
  expect(await one.bundle(request)).toMatchObject({ kind: 'failed', failure: { code: 'file-missing' } });
  await fetchModel(model, here);
  // In place of one that is there: the editor's own dialog has asked.
  writeFileSync(file, 'older');
  expect(await one.bundle(request)).toEqual({ kind: 'exported' });
  expect(await one.bundle({ ...request, models: ['other'] })).toMatchObject({
    kind: 'failed',
    failure: { message: expect.stringContaining("no model 'other'") },
  });

  const cache = temporaryFolder();
  const told: ObtainProgress[] = [];
  const other = engineWith(cache);
  const outcome = await other.bundle({ kind: 'import', file }, { onProgress: (update) => told.push(update) });
  const folder = join(modelsFolder(cache), 'toy');
  expect(outcome).toEqual({ kind: 'imported', models: [{ id: 'toy', name: 'Toy', folder, known: true }] });
  expect(visible(modelsFolder(cache))).toEqual(hashes(files));
  expect(told.map(({ fraction }) => fraction)).toContain(1);
  const nothing = await other.bundle({ kind: 'import', file: join(cache, 'none.zip') });
  expect(nothing).toMatchObject({ kind: 'failed', failure: { code: 'fetch-failed' } });

  const ended = AbortSignal.abort();
  const third = temporaryFolder();
  expect(await engineWith(third).bundle({ kind: 'import', file }, { signal: ended })).toMatchObject({
    kind: 'failed',
    failure: { code: 'cancelled' },
  });
  expect(existsSync(join(modelsFolder(third), 'toy'))).toBe(false);
});
