/** A GGUF model in one file or in several: its metadata from the first, its tensors from all. */

import { ggufParts } from '../models/gguf-parts.ts';
import { type GgufFile, openGguf } from './gguf.ts';
import { invalidModel, quoted, unsupportedModel } from './model-error.ts';
import type { TensorInfo, TensorSource } from './tensor-source.ts';

/** Opens the model that `file` is or is a part of; every part must be there and belong to it. */
export async function openGgufParts(file: string): Promise<GgufFile> {
  const files = ggufParts(file);
  const opened: GgufFile[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((part) => part.close()));
  };
  try {
    for (const path of files) opened.push(await openGguf(path));
    for (const [no, part] of opened.entries()) checkPart(part, no, files.length);
    const [first, ...others] = opened;
    if (first === undefined) throw new RangeError('a model has at least one file');
    return others.length === 0
      ? first
      : { ...joined(opened), file: first.file, metadata: first.metadata, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function checkPart({ file, metadata }: GgufFile, no: number, count: number): void {
  const said = Number(metadata.get('split.count') ?? 1);
  if (count === 1 && said > 1) {
    throw unsupportedModel(
      file,
      `it is one of ${said} files that hold the model together, and their names do not say so: they end in -00001-of-${String(said).padStart(5, '0')}.gguf and so on`,
    );
  }
  if (said !== count || (count > 1 && Number(metadata.get('split.no') ?? 0) !== no)) {
    throw invalidModel(file, `it is not part ${no + 1} of ${count} of the model, as its name says`);
  }
}

function joined(parts: readonly GgufFile[]): Omit<TensorSource, 'close'> {
  const tensors = new Map<string, TensorInfo>();
  const holders = new Map<string, GgufFile>();
  for (const part of parts) {
    for (const [name, info] of part.tensors) {
      if (tensors.has(name))
        throw invalidModel(part.file, `it has the tensor ${quoted(name)}, which a part before it has too`);
      tensors.set(name, info);
      holders.set(name, part);
    }
  }
  const wanted = parts[0]?.metadata.get('split.tensors.count');
  if (typeof wanted === 'number' && wanted !== tensors.size) {
    throw invalidModel(
      parts[0]?.file ?? '',
      `its parts hold ${tensors.size} tensors together, and it says ${wanted}`,
    );
  }
  const holderOf = (name: string): GgufFile => {
    const holder = holders.get(name);
    if (holder === undefined) throw invalidModel(parts[0]?.file ?? '', `it has no tensor ${quoted(name)}`);
    return holder;
  };
  return {
    tensors,
    readFloat32: async (name) => holderOf(name).readFloat32(name),
    readBlocks: async (name) => holderOf(name).readBlocks?.(name),
  };
}
