import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { int, type OnnxModel, type OnnxNode } from '../../src/graph/onnx.ts';
import { readOnnx } from '../../src/graph/onnx-read.ts';
import { writeOnnx } from '../../src/graph/onnx-write.ts';
import { rewriteExport } from '../../src/graph/rewrite-export.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { pocket } from '../programs.ts';

const file = join(pocket('code'), 'onnx', 'model_q4.onnx');
const bytes = new Uint8Array(readFileSync(file));
const read = (from: Uint8Array = bytes): OnnxModel => readOnnx(from, 'model_q4.onnx', file);

/** The export with its attention nodes changed. */
function withAttention(change: (node: OnnxNode) => OnnxNode): OnnxModel {
  const model = read();
  return {
    ...model,
    nodes: model.nodes.map((node) => (node.operator === 'GroupQueryAttention' ? change(node) : node)),
  };
}

const reason = (model: OnnxModel): string => {
  const outcome = rewriteExport(model);
  return outcome.kind === 'refused' ? outcome.reason : 'rewritten';
};

describe('an ONNX file', () => {
  it('is the same model after it was read, written and read again', () => {
    const model = read();
    expect(readOnnx(writeOnnx(model), 'elsewhere', file)).toEqual(model);
  });

  it('leaves its large constants where they are', () => {
    for (const { data, name } of read().tensors) {
      if (data.kind !== 'file') continue;
      expect(data.location, name).toBe('model_q4.onnx');
      expect(data.offset + (data.length ?? 0)).toBeLessThanOrEqual(bytes.length);
      expect(data.length).toBeGreaterThan(1024);
    }
    expect(writeOnnx(read()).length).toBeLessThan(bytes.length / 20);
  });

  it.each([0, 1, 1000, 100_000, bytes.length - 1])('that ends after %d bytes is refused', (length) => {
    expect(() => read(bytes.subarray(0, length))).toThrow(ChorusError);
  });
});

describe('an export', () => {
  it('is rewritten without attention that gives back its cache', () => {
    const outcome = rewriteExport(read());
    if (outcome.kind === 'refused') throw new Error(outcome.reason);
    expect(outcome.graph.shape).toEqual({
      layers: 6,
      windows: Array.from({ length: 6 }, () => null),
      experts: 1,
      kvHeads: 2,
      headDim: 64,
      queriesPerHead: 2,
      wantsPositions: true,
      vocabulary: 4096,
    });
    const written = readOnnx(outcome.graph.model, '', file);
    const operators = new Set(written.nodes.map(({ operator }) => operator));
    expect(operators.has('GroupQueryAttention')).toBe(false);
    expect(written.inputs.some(({ name }) => name === 'attention_mask')).toBe(false);
    // Nothing is left of what computed the lengths from the attention mask.
    expect(operators.has('ReduceSum')).toBe(false);
  });

  const attention = (name: string, value: number) =>
    withAttention((node) => ({ ...node, attributes: new Map(node.attributes).set(name, int(value)) }));
  const model = read();

  it.each<[string, OnnxModel, RegExp]>([
    ['with a window of nothing', attention('local_window_size', 0), /window of 0/],
    ['with a smooth softmax', attention('smooth_softmax', 1), /smooths/],
    ['with an attribute nobody knows', attention('surprise', 1), /'surprise'/],
    ['with heads that do not share', attention('num_heads', 3), /3 heads/],
    [
      'with a bias on its scores',
      withAttention((node) => ({ ...node, inputs: [...node.inputs.slice(0, 10), 'bias'] })),
      /bias/,
    ],
    [
      'with a computed rotary table',
      { ...model, tensors: model.tensors.filter(({ name }) => name !== 'cos_cache') },
      /rotary table/,
    ],
    [
      'whose mask is used elsewhere',
      {
        ...model,
        nodes: model.nodes.map((node) =>
          node.outputs.includes('logits')
            ? { ...node, inputs: [...node.inputs.slice(0, -1), 'attention_mask'] }
            : node,
        ),
      },
      /'attention_mask'/,
    ],
    ['without attention', { ...model, nodes: model.nodes.slice(0, 3) }, /no GroupQueryAttention/],
    ['of old operators', { ...model, opsets: [{ domain: '', version: 12 }] }, /version 12/],
    [
      'whose weights are elsewhere',
      {
        ...model,
        tensors: model.tensors.map((tensor) =>
          tensor.data.kind === 'file'
            ? { ...tensor, data: { ...tensor.data, location: '../secret' } }
            : tensor,
        ),
      },
      /not beside it/,
    ],
  ])('%s is refused with the reason', (_, changed, expected) => {
    expect(reason(model)).toBe('rewritten');
    expect(reason(changed)).toMatch(expected);
  });
});
