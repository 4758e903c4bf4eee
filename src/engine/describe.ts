/** What a model's files say of it, without loading it. */

import { basename } from 'node:path';
import type { ModelFacts, PlaceRequest } from '../protocol/obtain.ts';
import { readParts } from '../runtime/expert.ts';
import { layoutOf } from '../runtime/layout.ts';
import { memoryOf } from './memory-check.ts';

/** Rejects with a `ChorusError` that names the file at fault. */
export async function describe(request: PlaceRequest, cacheFolder: string): Promise<ModelFacts> {
  const place = { ...request, cacheFolder };
  const layout = await layoutOf(place);
  const { tokenizer, manifest } = await readParts(basename(request.folder), layout);
  const { name, summary, licence, completion } = manifest;
  return {
    name,
    summary,
    licence,
    format: layout.format,
    precision: layout.precision,
    bytes: layout.adapter?.bytes ?? layout.graphBytes,
    memoryBytes: (await memoryOf(place, layout)).total,
    contextLength: layout.contextLength,
    layers: layout.layers,
    vocabulary: tokenizer.size,
    vocabularyHash: tokenizer.hash,
    chat: tokenizer.chatTemplate !== undefined,
    infill: completion.infill !== undefined,
    ...(layout.adapter !== undefined && { base: layout.adapter.base }),
  };
}
