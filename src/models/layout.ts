/**
 * What a model folder holds. Three layouts are read: transformers.js (onnx/model*.onnx, config.json), onnxruntime-genai
 * (genai_config.json naming the graph and its tensors), and Hugging Face's own (model.safetensors, config.json); a folder may be
 * several, and a graph goes before tensors. GGUF files and adapters are told apart before (folder-kind.ts).
 */

import { readdir, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import * as v from 'valibot';
import { ChorusError } from '../protocol/failure.ts';
import { readJson } from './json.ts';
import type { NetworkSizes } from './memory.ts';
import { readModelConfig } from './model-config.ts';
import { count, MOST_LAYERS, MOST_POSITIONS, MOST_TOKENS, sizes, tokenIds } from './sizes.ts';

export type GraphPrecision = 'auto' | 'fp32' | 'q8' | 'q4';

/** Of a graph that is built from tensors; a stored graph has whatever its name says. */
export type BuiltPrecision = Exclude<GraphPrecision, 'auto'>;

/** The precision in which tensors are built into a graph. */
export function builtPrecision(wanted: GraphPrecision): BuiltPrecision {
  return wanted === 'auto' ? 'q4' : wanted;
}

export interface ModelLayout {
  readonly folder: string;
  /** `safetensors`, `gguf`: there is no graph yet, and one is built from the tensors. */
  readonly format: 'onnx' | 'safetensors' | 'gguf';
  /** Absolute path of the ONNX graph, or of the tensors. */
  readonly graph: string;
  /** `fp32`, `q8`, `q4`, or the file's name where the layout does not say. */
  readonly precision: string;
  readonly graphBytes: number;
  readonly tokenizer: string;
  readonly tokenizerConfig: string;
  readonly manifest: string;
  /** Rows of the logits, padding included. */
  readonly vocabularyRows: number;
  readonly contextLength: number;
  readonly layers: number;
  readonly endTokens: readonly number[];
  /** Sizes of the network, where the file itself says them and no config beside it. */
  readonly network?: NetworkSizes;
  /** Names of the KV tensors; `%d` stands for the layer. */
  readonly kvNames: KvNames;
}

export interface KvNames {
  readonly pastKey: string;
  readonly pastValue: string;
  readonly presentKey: string;
  readonly presentValue: string;
}

const pattern = v.pipe(v.string(), v.includes('%d'));

/** Some families nest these numbers elsewhere; then genai_config.json must give them. */
const configSchema = v.partial(v.object({ ...sizes, eos_token_id: tokenIds }));

const generationSchema = v.object({ eos_token_id: tokenIds });

const genaiSchema = v.object({
  model: v.object({
    context_length: count(MOST_POSITIONS),
    vocab_size: count(MOST_TOKENS),
    eos_token_id: tokenIds,
    decoder: v.object({
      filename: v.pipe(v.string(), v.minLength(1)),
      num_hidden_layers: count(MOST_LAYERS),
      inputs: v.object({ past_key_names: pattern, past_value_names: pattern }),
      outputs: v.object({ present_key_names: pattern, present_value_names: pattern }),
    }),
  }),
});

export const usualNames: KvNames = {
  pastKey: 'past_key_values.%d.key',
  pastValue: 'past_key_values.%d.value',
  presentKey: 'present.%d.key',
  presentValue: 'present.%d.value',
};

const graphFiles: Readonly<Record<string, readonly string[]>> = {
  fp32: ['onnx/model.onnx'],
  // As transformers.js calls it.
  q8: ['onnx/model_quantized.onnx'],
  q4: ['onnx/model_q4.onnx'],
  auto: ['onnx/model_q4.onnx', 'onnx/model_quantized.onnx', 'onnx/model.onnx'],
};

/** Reads the layout of `folder`. Every missing or wrong file is a `ChorusError` that names it and the remedy. */
export async function readLayout(folder: string, wanted: GraphPrecision): Promise<ModelLayout> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
  if (isFolder !== true) {
    throw new ChorusError(
      'file-missing',
      `The model folder ${folder} ${isFolder === undefined ? 'does not exist' : 'is not a folder'}. Check the path in the setting 'chorus.models.folders' or on the command line; the models that come with Chorus are pocket/general, pocket/code and pocket/math.`,
      folder,
    );
  }
  const genai = await readJson(join(folder, 'genai_config.json'), genaiSchema, { optional: true });
  const config = await readModelConfig(join(folder, 'config.json'), configSchema);
  const generation = await readJson(join(folder, 'generation_config.json'), generationSchema, {
    optional: true,
  });
  const model = genai?.model;
  if (config === undefined && model === undefined) {
    const file = join(folder, 'config.json');
    throw new ChorusError(
      'file-missing',
      `${file} is missing, and there is no genai_config.json beside it. A model folder needs one of them, or it holds one GGUF file, or an adapter with its adapter_config.json: download the model again.`,
      file,
    );
  }
  const graph = await findGraph(folder, wanted, model?.decoder.filename);
  const { inputs, outputs } = model?.decoder ?? {};
  const needed = (name: string, value: number | undefined): number => {
    if (value !== undefined) return value;
    const file = join(folder, 'config.json');
    throw new ChorusError(
      'config-invalid',
      `${file} does not give '${name}', and there is no genai_config.json that does. Download the model again.`,
      file,
    );
  };
  return {
    folder,
    ...graph,
    tokenizer: join(folder, 'tokenizer.json'),
    tokenizerConfig: join(folder, 'tokenizer_config.json'),
    manifest: join(folder, 'chorus.json'),
    vocabularyRows: needed('vocab_size', config?.vocab_size ?? model?.vocab_size),
    contextLength: needed(
      'max_position_embeddings',
      config?.max_position_embeddings ?? model?.context_length,
    ),
    layers: needed('num_hidden_layers', config?.num_hidden_layers ?? model?.decoder.num_hidden_layers),
    endTokens: [config?.eos_token_id, generation?.eos_token_id, model?.eos_token_id].flat().filter(isNumber),
    kvNames:
      inputs === undefined || outputs === undefined
        ? usualNames
        : {
            pastKey: inputs.past_key_names,
            pastValue: inputs.past_value_names,
            presentKey: outputs.present_key_names,
            presentValue: outputs.present_value_names,
          },
  };
}

interface FoundGraph {
  readonly format: ModelLayout['format'];
  readonly graph: string;
  readonly precision: string;
  readonly graphBytes: number;
}

async function findGraph(
  folder: string,
  wanted: GraphPrecision,
  named: string | undefined,
): Promise<FoundGraph> {
  const usual = graphFiles[wanted] ?? [];
  const candidates = wanted === 'auto' && named !== undefined ? [...usual, named] : usual;
  for (const candidate of candidates) {
    const graph = inside(folder, candidate);
    const size = await sizeOf(graph);
    if (size === undefined) continue;
    if (size === 0) {
      throw new ChorusError('model-invalid', `${graph} is empty. Download the model again.`, graph);
    }
    const data = (await sizeOf(`${graph}_data`)) ?? (await sizeOf(`${graph}.data`)) ?? 0;
    return { format: 'onnx', graph, precision: precisionOf(candidate), graphBytes: size + data };
  }
  const tensors = await findTensors(folder, wanted);
  if (tensors !== undefined) return tensors;
  const file = join(folder, candidates[0] ?? 'onnx/model.onnx');
  const present = await graphsIn(folder);
  const others =
    present.length === 0 ? 'The folder holds no ONNX graph' : `The folder holds ${present.join(', ')}`;
  throw new ChorusError(
    'file-missing',
    `${file} is missing. ${others}: download the model again${present.length === 0 ? '' : ', or choose another precision'}.`,
    file,
  );
}

/** Tensors from which a graph can be built, in the precision wanted. */
async function findTensors(folder: string, wanted: GraphPrecision): Promise<FoundGraph | undefined> {
  for (const name of ['model.safetensors', 'model.safetensors.index.json']) {
    const graph = join(folder, name);
    const size = await sizeOf(graph);
    if (size === undefined) continue;
    const names = (await readdir(folder)).filter((found) => found.endsWith('.safetensors'));
    const sizes = await Promise.all(names.map((found) => sizeOf(join(folder, found))));
    const graphBytes = sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
    return { format: 'safetensors', graph, precision: builtPrecision(wanted), graphBytes };
  }
  return undefined;
}

/** `name` below `folder`; a name that leads out of the folder is refused. */
function inside(folder: string, name: string): string {
  const path = resolve(folder, name);
  const step = relative(folder, path);
  if (step === '' || step.startsWith('..') || isAbsolute(step)) {
    throw new ChorusError(
      'config-invalid',
      `genai_config.json in ${folder} names the graph '${name}', which is outside the folder. Do not use this model.`,
      join(folder, 'genai_config.json'),
    );
  }
  return path;
}

function precisionOf(name: string): string {
  if (name === 'onnx/model.onnx') return 'fp32';
  if (name === 'onnx/model_q4.onnx') return 'q4';
  return basename(name);
}

async function graphsIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const place of ['onnx', '.']) {
    const names = await readdir(join(folder, place)).catch((): string[] => []);
    found.push(...names.filter((name) => name.endsWith('.onnx')).map((name) => join(place, name)));
  }
  return found.slice(0, 10);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() || found.isDirectory() ? found.size : undefined;
  } catch {
    return undefined;
  }
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number';
}
