/**
 * The tensors of a language model under the names that models of text alone have: of a model of text and pictures its language
 * part, of a decoder that was saved without its head with the prefix that it then lacks.
 */

import type { TensorInfo, TensorSource } from './tensor-source.ts';

const EMBEDDING = 'embed_tokens.weight';

/** What stands before the names of the decoder's tensors, and what before those of everything else. */
const prefixes: readonly (readonly [decoder: string, others: string | undefined])[] = [
  ['model.', ''],
  ['language_model.model.', 'language_model.'],
  ['model.language_model.', ''],
  ['', undefined],
];

/** As it is where the names are the usual ones, or none that are known. */
export function textTensors(source: TensorSource): TensorSource {
  const [decoder, others] = prefixes.find(([prefix]) => source.tensors.has(prefix + EMBEDDING)) ?? ['model.'];
  if (decoder === 'model.') return source;
  const originals = new Map<string, string>();
  for (const name of source.tensors.keys()) {
    if (name.startsWith(decoder)) originals.set(`model.${name.slice(decoder.length)}`, name);
    else if (others !== undefined && name === `${others}lm_head.weight`)
      originals.set('lm_head.weight', name);
  }
  const tensors = [...originals].flatMap(([name, original]): [string, TensorInfo][] => {
    const info = source.tensors.get(original);
    return info === undefined ? [] : [[name, { ...info, name }]];
  });
  return {
    tensors: new Map(tensors),
    readFloat32: (name) => source.readFloat32(originals.get(name) ?? name),
    close: () => source.close(),
  };
}
