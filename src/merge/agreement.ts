/** Whether models can be merged entry by entry: one vocabulary, one architecture, the same tensors. */

import { ChorusError } from '../protocol/failure.ts';
import type { MergeInput } from './inputs.ts';

/** Entries of a config.json that decide how the network reads its tensors, though no tensor's shape shows them. */
const architecture = [
  'model_type',
  'num_hidden_layers',
  'num_attention_heads',
  'num_key_value_heads',
  'head_dim',
];
/** These may differ between fine-tuned models; the result has the first one's. */
const differing = ['rope_theta', 'rms_norm_eps', 'max_position_embeddings', 'sliding_window'];
/** Tensors that are computed, not learnt. */
const computed = /rotary_emb\.inv_freq$/;

/** Names of the tensors to merge, in the order of the first input, and what of the configs differs, in sentences. */
export function checkAgreement(inputs: readonly MergeInput[]): { names: string[]; notes: string[] } {
  const [first, ...others] = inputs;
  if (first === undefined) return { names: [], notes: [] };
  const notes: string[] = [];
  const names = learnt(first);
  for (const other of others) {
    if (other.vocabulary !== first.vocabulary) {
      throw apart(
        first,
        other,
        'their vocabularies differ',
        'Merge models with the same vocabulary, or mix them: Chorus mixes across vocabularies',
      );
    }
    for (const key of architecture) {
      const [a, b] = [first.config[key], other.config[key]];
      if (JSON.stringify(a) !== JSON.stringify(b)) {
        throw apart(first, other, `'${key}' is ${show(a)} in one and ${show(b)} in the other`);
      }
    }
    for (const key of differing) {
      const [a, b] = [first.config[key], other.config[key]];
      if (JSON.stringify(a) !== JSON.stringify(b)) {
        notes.push(
          `'${key}' is ${show(a)} in ${first.model} and ${show(b)} in ${other.model}: the result has ${show(a)}.`,
        );
      }
    }
    checkTensors(first, other, names);
  }
  return { names, notes };
}

function checkTensors(first: MergeInput, other: MergeInput, names: readonly string[]): void {
  const known = new Set(names);
  for (const name of names) {
    const wanted = first.source.tensors.get(name)?.shape ?? [];
    const found = other.source.tensors.get(name);
    if (found === undefined)
      throw apart(first, other, `only the first has the tensor '${name.slice(0, 100)}'`);
    if (found.shape.length !== wanted.length || found.shape.some((size, i) => size !== wanted[i])) {
      throw apart(
        first,
        other,
        `the tensor '${name.slice(0, 100)}' has the shapes [${wanted}] and [${found.shape}]`,
      );
    }
  }
  const lost = learnt(other).find((name) => !known.has(name));
  if (lost !== undefined) throw apart(first, other, `only the second has the tensor '${lost.slice(0, 100)}'`);
}

/** A head that is tied to the embedding is a copy that some files hold and some do not. */
function learnt({ source, config }: MergeInput): string[] {
  return [...source.tensors.keys()].filter(
    (name) => !computed.test(name) && !(config.tie_word_embeddings && name === 'lm_head.weight'),
  );
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? '').slice(0, 50);
}

function apart(
  first: MergeInput,
  other: MergeInput,
  why: string,
  remedy = 'Merge models of one family and size',
): ChorusError {
  return new ChorusError(
    'request-invalid',
    `${first.model} and ${other.model} cannot be merged: ${why}. ${remedy}.`,
    other.folder,
  );
}
