/**
 * Files that were damaged or made to harm: each ends as a `ChorusError` or as a model, soon, and without an allocation that the file's
 * own size does not account for.
 */

import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openAdapter } from '../../src/graph/adapter.ts';
import { openGgufModel } from '../../src/graph/gguf-model.ts';
import { openSafetensors } from '../../src/graph/safetensors.ts';
import type { TensorInfo, TensorSource } from '../../src/graph/tensor-source.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { temporaryFolder } from '../programs.ts';
import { torture, tried } from '../sizes.ts';
import { ggufBytes } from './gguf-bytes.ts';
import { counting, tinyConfig, tinyTensors, tinyTokenizer } from './gguf-models.ts';
import { damaged } from './mutate.ts';
import { f32, halves, safetensorsBytes } from './safetensors-bytes.ts';

const blocks = new Uint8Array(4 * 18).fill(7);
const gguf = ggufBytes({
  metadata: { ...tinyConfig('llama'), ...tinyTokenizer },
  tensors: {
    'blk.0.attn_q.bias': { shape: [4, 32], type: 2, data: blocks },
    'rope_freqs.weight': counting([2], 1),
    // Its last tensor ends without padding: cut anywhere, the file lacks something.
    ...tinyTensors,
  },
});
const safetensors = safetensorsBytes({
  a: f32([2, 3], [1, 2, 3, 4, 5, 6]),
  b: halves('F16', [0x3c00, 0x7c00]),
  c: halves('BF16', [0x3f80]),
});
const adapterConfig = Buffer.from(
  JSON.stringify({
    peft_type: 'LORA',
    r: 1,
    lora_alpha: 2,
    bias: 'none',
    target_modules: ['q_proj'],
    use_rslora: false,
    rank_pattern: {},
  }),
);
const adapterTensors = safetensorsBytes({
  'base_model.model.q_proj.lora_A.weight': f32([1, 2], [1, 2]),
  'base_model.model.q_proj.lora_B.weight': f32([2, 1], [3, 4]),
});
const base = new Map<string, TensorInfo>([
  ['q_proj.weight', { name: 'q_proj.weight', type: 'f32', shape: [2, 2] }],
]);

/** What was allocated for bytes and numbers since the last reset, in bytes. */
let allocated = 0;

beforeEach(() => {
  const alloc = Buffer.alloc;
  vi.spyOn(Buffer, 'alloc').mockImplementation((size) => {
    allocated += size;
    return alloc(size);
  });
  for (const name of ['Uint8Array', 'Float32Array'] as const) {
    vi.stubGlobal(
      name,
      new Proxy(globalThis[name], {
        construct(target, args, newTarget) {
          if (typeof args[0] === 'number') allocated += args[0] * target.BYTES_PER_ELEMENT;
          return Reflect.construct(target, args, newTarget === globalThis[name] ? target : newTarget);
        },
      }),
    );
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

interface Opened {
  /** Every tensor. */
  readonly read: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Target {
  readonly name: string;
  readonly bytes: Buffer;
  readonly file: string;
  /** What reading the files beside it takes, in bytes. */
  readonly beside: number;
  readonly open: (folder: string) => Promise<Opened>;
}

const allOf = (source: TensorSource): Opened => ({
  read: async () => {
    for (const name of source.tensors.keys()) await source.readFloat32(name);
  },
  close: source.close,
});

const openGguf = async (folder: string): Promise<Opened> =>
  allOf((await openGgufModel(join(folder, 'model.gguf'))).weights);
const openWeights = async (folder: string): Promise<Opened> =>
  allOf(await openSafetensors(join(folder, 'model.safetensors')));
const openLora = async (folder: string): Promise<Opened> => {
  const adapter = await openAdapter(folder, base);
  const read = async (): Promise<void> => {
    for (const part of adapter.parts.values()) await part.read();
  };
  return { read, close: adapter.close };
};

/** Node's own readFile has a buffer of a fixed size. */
const JSON_READING = 64 * 1024;

const targets: readonly Target[] = [
  { name: 'GGUF', bytes: gguf, file: 'model.gguf', beside: 0, open: openGguf },
  { name: 'safetensors', bytes: safetensors, file: 'model.safetensors', beside: 0, open: openWeights },
  {
    name: 'adapter',
    bytes: adapterTensors,
    file: 'adapter_model.safetensors',
    beside: JSON_READING,
    open: openLora,
  },
  {
    name: 'adapter config',
    bytes: adapterConfig,
    file: 'adapter_config.json',
    beside: JSON_READING,
    open: openLora,
  },
];

/** All files in a folder, and a way to write the target's anew: in place, since making or emptying a file takes longer than reading it. */
function placed(target: Target): { readonly folder: string; readonly write: (bytes: Uint8Array) => void } {
  const folder = temporaryFolder();
  for (const { bytes, file } of targets) writeFileSync(join(folder, file), bytes);
  const opened = openSync(join(folder, target.file), 'r+');
  onTestFinished(() => closeSync(opened));
  return {
    folder,
    write: (bytes) => {
      writeSync(opened, bytes, 0, bytes.length, 0);
      ftruncateSync(opened, bytes.length);
    },
  };
}

/** A value of q4_0 takes 18 bytes of 32 in the file and 4 decoded; Llama's queries are decoded and then put in order. */
const DECODED = 2 * ((32 * 4) / 18);

/** The process is shared, and somebody else may allocate meanwhile: what is the file's doing happens again. */
function outcome(target: Target, folder: string, size: number): Promise<'read' | 'refused'> {
  return outcomeOnce(target, folder, size).catch(() => outcomeOnce(target, folder, size));
}

async function outcomeOnce(
  { open, beside }: Target,
  folder: string,
  size: number,
): Promise<'read' | 'refused'> {
  allocated = 0;
  try {
    const opened = await open(folder).finally(() =>
      expect(allocated).toBeLessThanOrEqual(2 * size + 64 + beside),
    );
    allocated = 0;
    await opened.read().finally(opened.close);
    expect(allocated).toBeLessThanOrEqual((1 + DECODED) * size + beside);
    return 'read';
  } catch (thrown) {
    if (!(thrown instanceof ChorusError)) throw thrown;
    expect(thrown.failure.code).not.toBe('internal');
    expect(thrown.message.length).toBeLessThan(1000);
    return 'refused';
  }
}

describe.each(targets)('a damaged $name file', (target) => {
  it('is refused or read, whatever is changed in it', torture, async () => {
    const { folder, write } = placed(target);
    const ends = { read: 0, refused: 0 };
    const count = tried(500, 2500);
    for (const bytes of damaged(target.bytes, { seed: 20261124, count })) {
      write(bytes);
      ends[await outcome(target, folder, bytes.length)] += 1;
    }
    // Both ends are reached, or nothing was tried.
    expect(ends.read).toBeGreaterThan(count / 125);
    expect(ends.refused).toBeGreaterThan(count / 5);
  });

  it('is refused wherever it is cut short', torture, async () => {
    const { folder, write } = placed(target);
    for (let length = 0; length < target.bytes.length; length += tried(3, 1)) {
      write(target.bytes.subarray(0, length));
      expect(await outcome(target, folder, length)).toBe('refused');
    }
    write(target.bytes);
    expect(await outcome(target, folder, target.bytes.length)).toBe('read');
  });
});
