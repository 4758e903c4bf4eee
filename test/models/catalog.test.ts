import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Catalog,
  diskBytes,
  downloadBytes,
  licenceText,
  readCatalog,
  storedFiles,
} from '../../src/models/catalog.ts';
import { isSafeName, isSafePath } from '../../src/models/safe-name.ts';
import { readTokenizer } from '../../src/runtime/tokenizer.ts';
import { root, temporaryFolder } from '../programs.ts';

const models = join(root, 'models');
const own = await readCatalog(models);

/** Reads the project's catalogue after `change` was made to it. */
function changed(change: (catalog: Record<string, never[]>) => void): Promise<Catalog> {
  const folder = join(temporaryFolder(), 'models');
  mkdirSync(folder);
  const copy = structuredClone(own) as unknown as Record<string, never[]>;
  change(copy);
  writeFileSync(join(folder, 'catalog.json'), JSON.stringify(copy));
  return readCatalog(folder);
}

describe('the catalogue', () => {
  it('is read unchanged where nothing is wrong', async () => {
    expect(await changed(() => {})).toEqual(own);
  });

  it('names embedded models that are there', () => {
    for (const model of own.models) {
      if (model.kind === 'embedded') expect(existsSync(join(models, model.id, 'README.md'))).toBe(true);
    }
  });

  it('has the vocabulary hash of the pocket experts as the tokenizer computes it', async () => {
    const folder = join(models, 'pocket', 'code');
    const { hash } = await readTokenizer(
      join(folder, 'tokenizer.json'),
      join(folder, 'tokenizer_config.json'),
    );
    const pocket = own.models.filter(({ family }) => family === 'pocket');
    expect(pocket.map(({ vocabulary }) => vocabulary)).toEqual([hash, hash, hash]);
  });

  it('offers the same file of SmolLM2 by both of its sources', () => {
    const model = own.models.find(({ id }) => id === 'smollm2-135m-instruct');
    if (model?.kind !== 'fetched') throw new Error('the model is not fetched');
    const [hub, wheel] = model.sources;
    if (hub === undefined || wheel === undefined) throw new Error('a source is missing');
    expect(storedFiles(wheel)).toEqual(storedFiles(hub));
    expect(diskBytes(hub)).toBe(98_362_432);
    expect([downloadBytes(hub), downloadBytes(wheel)]).toEqual([98_362_432, 92_871_040]);
  });

  it('offers each family that shares a vocabulary in more than one size or skill', () => {
    const fetched = own.models.filter(({ kind }) => kind === 'fetched');
    for (const family of ['qwen2.5', 'qwen3', 'smollm2', 'llama-3.2', 'gemma-3'])
      expect(fetched.filter((model) => model.family === family).length).toBeGreaterThan(1);
  });

  it('names no file twice, and each by a commit but where only its branch is known', () => {
    const hubs = own.models.flatMap((model) =>
      model.kind === 'fetched' ? model.sources.filter((source) => source.kind === 'hub') : [],
    );
    const hashes = hubs.flatMap(({ files }) => files.map(({ sha256 }) => sha256));
    expect(new Set(hashes).size).toBe(hashes.length);
    const branches = hubs.filter(({ revision }) => !/^[0-9a-f]{40}$/.test(revision));
    expect(branches.map(({ repository }) => repository)).toEqual(['bartowski/SmolLM2-360M-Instruct-GGUF']);
  });

  it('has evidence for every file of a hub: its size stands in the note', () => {
    const note = readFileSync(
      join(root, 'docs', 'decisions', '018-where-the-catalogues-hashes-come-from.md'),
      'utf8',
    );
    for (const model of own.models) {
      if (model.kind !== 'fetched' || model.id === 'smollm2-135m-instruct') continue;
      const [file] = model.sources.flatMap(storedFiles);
      expect(note).toContain(`${file?.path} | ${file?.size.toLocaleString('en')} |`);
    }
  });

  it('names licences of their own in words, and where to read them', () => {
    const licence = (id: string): string => {
      const model = own.models.find((one) => one.id === id);
      return model === undefined ? '' : licenceText(model.licence);
    };
    expect(licence('llama-3.2-1b-instruct')).toBe(
      'Llama 3.2 Community License (https://www.llama.com/llama3_2/license/)',
    );
    expect(licence('gemma-3-1b-it')).toBe('Gemma Terms of Use (https://ai.google.dev/gemma/terms)');
    expect(licence('qwen3-4b')).toMatch(/^Apache-2\.0 \(https:/);
    // Its licence allows research alone.
    expect(own.models.some(({ id }) => /qwen2\.5.*-3b/.test(id))).toBe(false);
  });

  // biome-ignore lint/suspicious/noExplicitAny: each case makes the catalogue wrong in a way its type forbids
  const wrong: readonly [string, (catalog: any) => void, RegExp][] = [
    ['an id twice', (c) => c.models.push(c.models[0]), /there twice/],
    [
      'a base that is not there',
      (c) => {
        c.models[0].base = 'nothing';
      },
      /'nothing', which is not there/,
    ],
    [
      'an adapter of an adapter',
      (c) => {
        c.models[0].base = c.models[1].id;
        c.models[1].base = c.models[2].id;
      },
      /adapter itself/,
    ],
    [
      'a mix of what is not there',
      (c) => {
        c.mixes[0].chat.experts[0].model = 'x';
      },
      /mix 'pocket' names 'x'/,
    ],
    [
      'a hash in capitals',
      (c) => {
        c.models[3].sources[0].files[0].sha256 = 'A'.repeat(64);
      },
      /SHA-256/,
    ],
    [
      'no sources',
      (c) => {
        c.models[3].sources = [];
      },
      /'models\[3\]\.sources' must not be empty/,
    ],
    [
      'an unknown field',
      (c) => {
        c.models[3].token = 'x';
      },
      /token/,
    ],
    [
      'an id that is a path',
      (c) => {
        c.models[3].id = '../up';
      },
      /plain name/,
    ],
    [
      'a file that leads out',
      (c) => {
        c.models[3].sources[0].files[0].path = '../../x';
      },
      /plain path/,
    ],
    [
      'a name that leads out',
      (c) => {
        c.models[3].sources[1].as = '..';
      },
      /plain name/,
    ],
    [
      'a repository that is a path',
      (c) => {
        c.models[3].sources[0].repository = '../x';
      },
      /owner\/name/,
    ],
    [
      'a revision with a query',
      (c) => {
        c.models[3].sources[0].revision = 'a?b';
      },
      /commit, tag or branch/,
    ],
    [
      'an option of pip as a package',
      (c) => {
        c.models[3].sources[1].name = '--index-url';
      },
      /package/,
    ],
    [
      'an option of pip as a version',
      (c) => {
        c.models[3].sources[1].version = '-r x';
      },
      /version/,
    ],
    [
      'two files under one name',
      (c) => {
        const [f] = c.models[3].sources[0].files;
        c.models[3].sources[0].files.push({ ...f, path: f.path.toUpperCase() });
      },
      /under one name/,
    ],
    [
      'a file in the place of the record',
      (c) => {
        c.models[3].sources[1].as = 'Fetched.json';
      },
      /under one name/,
    ],
    [
      'a licence without a link',
      (c) => {
        c.models[3].licence.link = 'none';
      },
      /URL/,
    ],
  ];
  it.each(wrong)('refuses %s', async (_name, change, message) => {
    await expect(changed(change)).rejects.toThrow(message);
  });
});

/** Names that lead out of a folder, or to something else, on one system or another. */
const escapes = [
  '',
  '.',
  '..',
  '../x',
  '../../x',
  'a/../../x',
  'a/..',
  './x',
  '/x',
  '//x',
  '//host/share/x',
  '\\x',
  '..\\x',
  'a\\..\\..\\x',
  'C:x',
  'C:\\x',
  'c:/x',
  'file:x',
  'x:stream',
  'a\0b',
  'a\nb',
  '~/x',
  '$HOME',
  '%TEMP%',
  'NUL',
  'con',
  'aux.txt',
  'COM1',
  'lpt¹.gguf',
  'x.',
  'x ',
  ' x',
  'a/',
  'a//b',
  '.hidden',
  '\u202e',
  'ａ',
  '‥',
  '-x',
  'x'.repeat(200),
  'a/b/c/d/e/f/g',
];

describe('a safe path', () => {
  it.each(escapes)('is not %j', (name) => {
    expect([isSafePath(name), isSafeName(name)]).toEqual([false, false]);
  });

  it.each(['model.gguf', 'SmolLM2-135M-Instruct.Q4_1.gguf', 'onnx/model_q4.onnx', 'a/b/c', 'com10', 'null'])(
    'may be %j',
    (name) => {
      expect(isSafePath(name)).toBe(true);
    },
  );

  it('stays in its folder on every system, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'aZ9._+-/\\: ~'), minLength: 1, maxLength: 12 }),
        (name) => {
          fc.pre(isSafePath(name));
          for (const part of name.split('/')) expect(part).toMatch(/^\w[\w.+-]*$/);
          expect(join('folder', name).startsWith('folder')).toBe(true);
        },
      ),
    );
  });
});
