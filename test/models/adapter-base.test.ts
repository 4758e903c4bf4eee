import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { baseOf } from '../../src/models/adapter-base.ts';
import { layoutOf } from '../../src/runtime/layout.ts';
import { failureOf } from '../graph/failing.ts';
import { pocket, temporaryFolder } from '../programs.ts';

function adapter(folder: string, config: object, manifest?: object): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(config));
  if (manifest !== undefined) writeFileSync(join(folder, 'chorus.json'), JSON.stringify(manifest));
  return folder;
}
const named = { base_model_name_or_path: 'Somebody/Model-1B' };

describe('the base of an adapter', () => {
  it('is the one that is named, before what the adapter says', async () => {
    const folder = adapter(join(temporaryFolder(), 'a'), named, { name: 'A', base: '../other' });
    expect(await baseOf(folder, { base: '/models/this' })).toBe('/models/this');
    expect(await baseOf(folder, { folders: ['/models/model-1b'] })).toBe(join(folder, '..', 'other'));
  });

  it('is found by its name, in small letters or large: among the experts, beside the adapter, one level up', async () => {
    const place = temporaryFolder();
    const folder = adapter(join(place, 'adapters', 'a'), named);
    expect((await failureOf(baseOf(folder, {}))).message).toContain(
      "an adapter of 'Model-1B', and no folder",
    );
    mkdirSync(join(place, 'model-1b'));
    expect(await baseOf(folder, {})).toBe(join(place, 'model-1b'));
    mkdirSync(join(place, 'adapters', 'MODEL-1B'));
    expect(await baseOf(folder, {})).toBe(join(place, 'adapters', 'MODEL-1B'));
    const elsewhere = join(place, 'elsewhere', 'Model-1B');
    expect(await baseOf(folder, { folders: [folder, elsewhere] })).toBe(elsewhere);
  });

  it('is found among the models that were fetched, after the experts and before the neighbours', async () => {
    const place = temporaryFolder();
    const folder = adapter(join(place, 'adapters', 'a'), named);
    mkdirSync(join(place, 'model-1b'));
    mkdirSync(join(place, 'cache', 'models', 'model-1b'), { recursive: true });
    const fetched = join(place, 'cache', 'models');
    expect(await baseOf(folder, { fetched })).toBe(join(fetched, 'model-1b'));
    expect(await baseOf(folder, { fetched, folders: ['/mine/model-1b'] })).toBe('/mine/model-1b');
    expect(await baseOf(folder, { fetched: join(place, 'nowhere') })).toBe(join(place, 'model-1b'));
  });

  it('is not the adapter itself, and not sought further', async () => {
    const place = temporaryFolder();
    mkdirSync(join(place, 'Model-1B'));
    const folder = adapter(join(place, 'x', 'y', 'model-1b'), named);
    const { code, message } = await failureOf(baseOf(folder, { folders: [folder] }));
    expect(code).toBe('config-invalid');
    expect(message).toContain('"base" beside "model"');
  });

  it('may have been a folder of whoever made it: its last part is its name', async () => {
    const place = temporaryFolder();
    for (const path of ['/home/somebody/models/tiny/', 'C:\\models\\tiny']) {
      const folder = adapter(join(place, 'a'), { base_model_name_or_path: path });
      expect(await baseOf(folder, { folders: ['/mine/Tiny'] })).toBe('/mine/Tiny');
    }
  });

  it.each(['/etc/model', '\\\\server\\share\\model', 'C:\\model', '//server/share'])(
    'is read from a file of the adapter only beside it: not %s',
    async (base) => {
      const folder = adapter(join(temporaryFolder(), 'a'), named, { name: 'A', base });
      const { message } = await failureOf(baseOf(folder, { folders: ['/models/model-1b'] }));
      expect(message).toContain("only a path relative to the adapter's folder");
    },
  );

  it.each([{}, { base_model_name_or_path: null }, { base_model_name_or_path: '' }])(
    'has to be named where %j says nothing',
    async (config) => {
      const folder = adapter(join(temporaryFolder(), 'a'), config);
      expect((await failureOf(baseOf(folder, {}))).message).toContain('a model that it does not name');
    },
  );

  it('is no adapter', async () => {
    const place = temporaryFolder();
    const other = adapter(join(place, 'other'), named);
    const folder = adapter(join(place, 'a'), named);
    const options = { precision: 'q4', cacheFolder: place } as const;
    const { code, message } = await failureOf(layoutOf({ folder, base: other, ...options }));
    expect(code).toBe('unsupported');
    expect(message).toContain('an adapter itself');
    cpSync(pocket('code'), join(place, 'model-1b'), { recursive: true });
    const layout = await layoutOf({ folder, ...options });
    expect(layout.folder).toBe(join(place, 'model-1b'));
    expect(layout.adapter?.folder).toBe(folder);
  });
});
