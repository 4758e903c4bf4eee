/** Models of other programs, in folders as they keep them. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foundModels, programFolders } from '../../src/models/found-models.ts';
import { temporaryFolder } from '../programs.ts';

function write(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const none = { ollama: [], lmStudio: [], llamaCpp: [] };
const [hash, other] = ['a'.repeat(64), 'b'.repeat(64)];
const model = 'application/vnd.ollama.image.model';
const manifest = (...layers: readonly (readonly [string, string])[]): string =>
  JSON.stringify({
    schemaVersion: 2,
    layers: layers.map(([mediaType, digest]) => ({ mediaType, digest, size: 7 })),
  });
const library = 'manifests/registry.ollama.ai/library';

describe('models of Ollama', () => {
  it('are named as it names them, and are the file with their hash', async () => {
    const folder = write(temporaryFolder(), {
      [`${library}/llama3.2/1b`]: manifest(
        ['application/vnd.ollama.image.license', `sha256:${other}`],
        [model, `sha256:${hash}`],
      ),
      'manifests/hf.co/somebody/coder/Q4': manifest([model, `sha256:${other}`]),
      [`blobs/sha256-${hash}`]: 'GGUF123',
      [`blobs/sha256-${other}`]: 'GGUF',
    });
    expect(await foundModels({ ...none, ollama: [join(folder, 'nowhere'), folder] })).toEqual([
      { name: 'llama3.2:1b', program: 'Ollama', place: join(folder, 'blobs', `sha256-${hash}`), bytes: 7 },
      {
        name: 'somebody/coder:Q4',
        program: 'Ollama',
        place: join(folder, 'blobs', `sha256-${other}`),
        bytes: 4,
      },
    ]);
  });

  it.each([
    ['leads out of the folder', manifest([model, 'sha256:../../../../etc/passwd'])],
    ['names no hash', manifest([model, hash])],
    ['names a file that is not there', manifest([model, `sha256:${'c'.repeat(64)}`])],
    ['is in several files', manifest([model, `sha256:${hash}`], [model, `sha256:${other}`])],
    ['holds no model', manifest(['application/vnd.ollama.image.license', `sha256:${hash}`])],
    ['is not JSON', 'GGUF'],
    ['is JSON of another kind', '[1]'],
    [
      'has too many entries',
      manifest(...Array.from({ length: 101 }, () => [model, `sha256:${hash}`] as const)),
    ],
    ['is too long', `${' '.repeat(300_000)}${manifest([model, `sha256:${hash}`])}`],
  ])('are left out where the manifest %s', async (_, text) => {
    const folder = write(temporaryFolder(), {
      [`${library}/x/latest`]: text,
      [`blobs/sha256-${hash}`]: 'GGUF',
    });
    expect(await foundModels({ ...none, ollama: [folder] })).toEqual([]);
  });
});

describe('models of LM Studio and llama.cpp', () => {
  it('are GGUF files, whole, once each', async () => {
    const folder = write(temporaryFolder(), {
      'org/model/a-Q4.gguf': 'GGUF',
      'org/model/mmproj-a.gguf': 'GGUF',
      'org/parts/p-00001-of-00002.gguf': '1234',
      'org/parts/p-00002-of-00002.gguf': '123',
      'org/broken/q-00001-of-00002.gguf': 'GGUF',
      'org/model/README.md': '',
    });
    symlinkSync(folder, join(folder, 'org', 'again'));
    const found = await foundModels({ ...none, lmStudio: [folder], llamaCpp: [folder] });
    expect(found.map(({ name, program, bytes }) => [name, program, bytes])).toEqual([
      ['a-Q4', 'LM Studio', 4],
      ['p-00001-of-00002', 'LM Studio', 7],
      ['a-Q4', 'llama.cpp', 4],
      ['p-00001-of-00002', 'llama.cpp', 7],
    ]);
  });

  it('are looked for where the environment says', () => {
    const { ollama, llamaCpp } = programFolders({ OLLAMA_MODELS: '/o', LLAMA_CACHE: '/l' });
    expect([ollama, llamaCpp]).toEqual([['/o'], ['/l']]);
    expect(programFolders({}).ollama[0]).toMatch(/\.ollama.models$/);
  });
});
