/**
 * An ONNX model as plain data (github.com/onnx/onnx, onnx.proto): what a decoder's graph is made of. What Chorus never looks
 * into is kept as the bytes it came as.
 */

export interface OnnxModel {
  readonly irVersion: number;
  readonly opsets: readonly Opset[];
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export interface Opset {
  /** '' for ONNX's own operators. */
  readonly domain: string;
  readonly version: number;
}

export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly name: string;
  /** '' for one left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'ints'; readonly values: readonly number[] }
  | { readonly kind: 'graph'; readonly message: Uint8Array }
  | { readonly kind: 'other'; readonly message: Uint8Array };

/** A constant of the graph. */
export interface OnnxTensor {
  readonly name: string;
  /** As in TensorProto.DataType. */
  readonly type: number;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export type TensorData =
  /** Little-endian values, row-major. */
  | { readonly kind: 'here'; readonly bytes: Uint8Array }
  /** `length` bytes from `offset` of a file beside the model. */
  | {
      readonly kind: 'file';
      readonly location: string;
      readonly offset: number;
      readonly length: number | undefined;
    }
  /** The whole TensorProto, where its values are in none of these forms. */
  | { readonly kind: 'message'; readonly message: Uint8Array };

/** An input or output of the graph; a dimension without a fixed size has a name. */
export interface OnnxValue {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly (number | string)[];
}

/** Numbers of TensorProto.DataType. */
export const elementTypes = { float: 1, uint8: 2, int32: 6, int64: 7 } as const;

/** The domain of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const ints = (...values: number[]): Attribute => ({ kind: 'ints', values });

/** The integer attribute `name` of `node`, or `otherwise` where it has none. */
export function intOf(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'int' ? attribute.value : otherwise;
}

export function floatOf(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'float' ? attribute.value : otherwise;
}
