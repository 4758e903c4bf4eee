/**
 * The mix called Tiny, Chorus's own where its base was fetched: SmolLM2-135M-Instruct and two adapters of it that come along, three
 * rows over one base. Until then the pocket experts are mixed.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MixRules } from '../protocol/engine.ts';
import { ownMix } from './own-mixes.ts';
import { type MixPlaces, readyRules } from './ready-mix.ts';
import { modelsFolder } from './stored-model.ts';

export interface TinyExpert {
  readonly id: string;
  readonly folder: string;
  /** Of an adapter. */
  readonly base?: string;
}

/** The base's id in the catalogue, and the name of its folder among the fetched models. */
export const TINY_BASE = 'smollm2-135m-instruct';

export const tinyIds = { base: 'tiny/base', code: 'tiny/code', math: 'tiny/math' } as const;

/**
 * Completions are the base and the code adapter, a chat is all three; the weights follow the prompt and then the answer. Chosen by measuring
 * (docs/results.md, docs/decisions/015). Those of the catalogue that Chorus was built with.
 */
export const tinyRules: MixRules = readyRules(ownMix('tiny'));

/** The base first; whether it is there is another question. */
export function tinyExperts({ models, cache }: MixPlaces): readonly TinyExpert[] {
  const base = join(modelsFolder(cache), TINY_BASE);
  const adapter = (name: string): string => join(models, 'adapters', `smollm2-135m-${name}`);
  return [
    { id: tinyIds.base, folder: base },
    { id: tinyIds.code, folder: adapter('code'), base },
    { id: tinyIds.math, folder: adapter('math'), base },
  ];
}

/** Whether the base was fetched: a model's folder comes into being at once, when it is whole. */
export function hasTinyBase(cache: string): boolean {
  return existsSync(join(modelsFolder(cache), TINY_BASE));
}
