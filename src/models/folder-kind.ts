/** What lies in a folder that is to be an expert: a model with files of its own, one GGUF file, or an adapter of another model. */

import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError } from '../protocol/failure.ts';
import { ggufParts } from './gguf-parts.ts';

export type FolderKind =
  | { readonly kind: 'model' }
  /** `file` is the whole model, or the first of its parts. */
  | { readonly kind: 'gguf'; readonly file: string }
  | { readonly kind: 'adapter' };

/** Names of which one makes a folder a model, whatever else is in it. */
const ofModel = new Set(['onnx', 'genai_config.json', 'model.safetensors', 'model.safetensors.index.json']);

/** What the names in a folder say; `files` are the GGUF files where it is nothing else, none of them for anything unknown. */
export type Holding =
  | { readonly kind: 'model' }
  | { readonly kind: 'adapter' }
  | { readonly kind: 'files'; readonly files: readonly string[] };

export function folderHolds(names: readonly string[]): Holding {
  if (names.some((name) => ofModel.has(name))) return { kind: 'model' };
  if (names.includes('adapter_config.json')) return { kind: 'adapter' };
  return { kind: 'files', files: names.filter(isGguf).sort() };
}

/** `path` may be a GGUF file itself. Where nothing can be read the answer is `model`, whose errors name what is missing. */
export async function folderKind(path: string): Promise<FolderKind> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  // Ollama keeps files under their hashes.
  if (isFile && (isGguf(path) || (await beginsAsGguf(path)))) {
    return { kind: 'gguf', file: ggufParts(path)[0] ?? path };
  }
  const held = folderHolds(await readdir(path).catch((): string[] => []));
  if (held.kind !== 'files') return held;
  const { files } = held;
  const [file] = files;
  if (file === undefined) return { kind: 'model' };
  // Parts sort in their order; one that is missing is missed when the model is opened.
  const ofOne = new Set(files.map((name) => ggufParts(name)[0])).size === 1;
  if (files.length > 1 && !ofOne) {
    throw new ChorusError(
      'config-invalid',
      `The folder ${path} holds ${files.length} GGUF files (${files.slice(0, 5).join(', ').slice(0, 300)}), and it is not said which to use. Name one of the files instead of the folder, or keep only one there.`,
      path,
    );
  }
  return { kind: 'gguf', file: join(path, ggufParts(file)[0] ?? file) };
}

/** By its first four bytes, whatever its name is. */
export async function beginsAsGguf(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined);
  try {
    const { buffer, bytesRead } = (await handle?.read(Buffer.alloc(4), 0, 4, 0)) ?? {};
    return buffer?.toString('latin1', 0, bytesRead) === 'GGUF';
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}

function isGguf(name: string): boolean {
  return name.toLowerCase().endsWith('.gguf');
}
