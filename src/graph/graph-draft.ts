/** A graph while it is written: nodes in the order in which they run, and constants. */

import {
  type Attribute,
  elementTypes,
  MICROSOFT,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx.ts';

export interface GraphDraft {
  readonly nodes: OnnxNode[];
  readonly tensors: OnnxTensor[];
  readonly inputs: OnnxValue[];
  readonly outputs: OnnxValue[];
  /** Adds a node with one output and returns the output's name. */
  add(operator: string, inputs: readonly string[], output: string, attributes?: Attributes): string;
  /** Adds a node with the outputs given. */
  addMany(node: {
    readonly operator: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly attributes?: Attributes;
  }): void;
  /** The name of an int64 constant [values.length]; equal ones are one. */
  int64(...values: number[]): string;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** Operators that are ONNX Runtime's own, of those that are written here. */
const microsoft = new Set([
  'FastGelu',
  'FusedMatMul',
  'GatherBlockQuantized',
  'MatMulNBits',
  'QuickGelu',
  'RotaryEmbedding',
  'SkipSimplifiedLayerNormalization',
]);

export function createGraphDraft(): GraphDraft {
  const nodes: OnnxNode[] = [];
  const tensors: OnnxTensor[] = [];
  const constants = new Set<string>();
  const addMany: GraphDraft['addMany'] = ({ operator, inputs, outputs, attributes = {} }) => {
    nodes.push({
      operator,
      domain: microsoft.has(operator) ? MICROSOFT : '',
      name: outputs[0] ?? operator,
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes)),
    });
  };
  return {
    nodes,
    tensors,
    inputs: [],
    outputs: [],
    addMany,
    add(operator, inputs, output, attributes) {
      addMany({ operator, inputs, outputs: [output], ...(attributes && { attributes }) });
      return output;
    },
    int64(...values) {
      const name = `int64[${values.join()}]`;
      if (!constants.has(name)) {
        constants.add(name);
        const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
        tensors.push({
          name,
          type: elementTypes.int64,
          dims: [values.length],
          data: { kind: 'here', bytes },
        });
      }
      return name;
    },
  };
}
