/**
 * The form in which Chorus runs a decoder. Keys and values of the past are inputs that the graph only reads; it returns those
 * of the new tokens alone, and whoever runs it appends them to its own buffers: nothing of the past is copied at any token.
 *
 * A run feeds T new tokens after L earlier ones, all within one block: floor(L / BLOCK) = floor((L + T - 1) / BLOCK). The past
 * is what lies in whole blocks before, P = BLOCK * floor(L / BLOCK) tokens, or one block that is masked out where there is none
 * (operators with an empty past end the process). The recent tokens are the R = L mod BLOCK between.
 *
 * Every sum over positions is so made of the same parts in the same order however the tokens came in, which makes a row of
 * logits the same to the last bit whether it was computed alone, in a chunk, or after going back; also on int4 graphs, whose
 * kernels treat every row for itself.
 *
 * A layer may see a window only: the last W positions up to a token, its own included. Of its past it is given no more than the
 * blocks that some token of the block sees, the last min(P, BLOCK * ceil((W - 1) / BLOCK)) tokens, P_W below, or again one block
 * that is masked out; what is given depends on the block alone, so the sums stay the same sums.
 *
 * Several experts that share their tokens and most weights may be one graph. A token's rows, one for each expert, then stand one
 * after another, so that the experts' heads lie side by side as one expert's do. Of one expert [T, E, ...] below is [1, T, ...],
 * as exports have it.
 *
 * Inputs (D = headDim, E = experts, G = E * kvHeads, S = queriesPerHead, N rows of logits wanted). Where P_W stands, the
 * input is there once for each window of a layer, W after its name, and once without for layers that see all, P_W being P:
 *   input_ids          int64 [T, 1]
 *   position_ids       int64 [T, E]           L, L + 1, ...; absent where the graph does not ask for it
 *   mask.W             float32 [T * S, P_W + BLOCK]  0 where a token sees a position, minus infinity elsewhere; each token S times
 *   parts.W            int64 [2]              P_W, BLOCK
 *   padding            float32 [BLOCK - R - T, G, D]  anything finite
 *   logit_rows         int64 [N]              which of the T tokens
 *   past.I.key/value   float32 [P_W, G, D]    of layer I
 *   recent.I.key/value float32 [R, G, D]
 * Outputs:
 *   logits             float32 [N, E, vocabulary]
 *   new_rows           float32 [T, layers * 2 * G, D]  for each token the keys, then the values, layer by layer
 */

/** How many of the last positions a layer sees, its own included; null for all. */
export type Window = number | null;

/** Tokens of a block; the longest run. */
export const BLOCK = 64;

export interface DecodeShape {
  readonly layers: number;
  /** Of each layer. */
  readonly windows: readonly Window[];
  /** Usually one. */
  readonly experts: number;
  /** Of one expert. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** Query heads for each head of keys and values. */
  readonly queriesPerHead: number;
  readonly wantsPositions: boolean;
  /** Width of the logits, padding included. */
  readonly vocabulary: number;
}

/** Undefined where every layer sees all. */
export function widestWindow({ windows }: DecodeShape): number | undefined {
  const widest = Math.max(0, ...windows.map((window) => window ?? 0));
  return widest === 0 ? undefined : widest;
}

export interface DecodeGraph {
  /** The ONNX model; its large constants are in files of the folder it was made for. */
  readonly model: Uint8Array<ArrayBuffer>;
  readonly shape: DecodeShape;
}

/** The first two of the three dimensions of what flows through a graph: `tokens` (a number, a name, or -1) and the experts. */
export function rowsOf<T>(experts: number, tokens: T): [T | number, T | number] {
  return experts === 1 ? [1, tokens] : [tokens, experts];
}

/** Which dimension the tokens are. */
export function tokenAxis(experts: number): 0 | 1 {
  return experts === 1 ? 1 : 0;
}

export const names = {
  tokens: 'input_ids',
  positions: 'position_ids',
  mask: (window: Window): string => (window === null ? 'mask' : `mask.${window}`),
  parts: (window: Window): string => (window === null ? 'parts' : `parts.${window}`),
  padding: 'padding',
  logitRows: 'logit_rows',
  logits: 'logits',
  newRows: 'new_rows',
  past: (layer: number, part: 'key' | 'value'): string => `past.${layer}.${part}`,
  recent: (layer: number, part: 'key' | 'value'): string => `recent.${layer}.${part}`,
} as const;
