/**
 * The low-rank terms of adapters (LoRA, arXiv 2106.09685) for the rows of a batch: expert e adds scale_e B_e A_e x to the
 * product that all experts share.
 */

import type { Adapter } from './adapter.ts';
import type { GraphDraft } from './graph-draft.ts';
import { elementTypes, float } from './onnx.ts';
import type { WeightsFile } from './weights-file.ts';

/** A part of a linear layer: its rows are outputs. */
export interface Module {
  /** As adapters name it: model.layers.0.self_attn.q_proj. */
  readonly name: string;
  readonly rows: number;
}

export interface LowRankStore {
  readonly draft: Pick<GraphDraft, 'add' | 'tensors'>;
  readonly weights: Pick<WeightsFile, 'add'>;
  /** One for each expert of the batch; null for the base itself. */
  readonly adapters: readonly (Adapter | null)[];
}

export interface LowRankOptions {
  /** What the layer reads, float32 [T, experts, columns]. */
  readonly input: string;
  /** What the base gives for it, float32 [T, experts, rows of all modules]. */
  readonly base: string;
  /** The name of the sum. */
  readonly to: string;
  readonly modules: readonly Module[];
  readonly columns: number;
}

/**
 * Adds the terms as two products over all experts' A [columns, ranks] and B [ranks, rows], side by side and one under another.
 * Between them a mask [1, experts, ranks] leaves each row its own expert's ranks: what it removes adds exact zeros. Two products
 * of plain matrices are packed once, when the graph is loaded; a batch of matrices would be packed anew at every token.
 */
export async function addLowRank(store: LowRankStore, options: LowRankOptions): Promise<string> {
  const { draft, weights, adapters } = store;
  const { input, base, to, modules, columns } = options;
  const { down, up, own, ranks, rows } = await stacked(adapters, modules, columns);
  const constants = [
    ['down', down, [columns, ranks]],
    ['up', up, [ranks, rows]],
    ['own', own, [1, adapters.length, ranks]],
  ] as const;
  for (const [name, values, dims] of constants) {
    if (name === 'own' && adapters.length === 1) continue;
    const data = await weights.add(values);
    draft.tensors.push({ name: `${to}.${name}`, type: elementTypes.float, dims, data });
  }
  // Factors other than 1 keep the runtime from its kernel for one row, which adds in another order than that for several.
  let low = draft.add('FusedMatMul', [input, `${to}.down`], `${to}.low`, { alpha: float(2) });
  if (adapters.length > 1) low = draft.add('Mul', [low, `${to}.own`], `${to}.low.own`);
  const term = draft.add('FusedMatMul', [low, `${to}.up`], `${to}.term`, { alpha: float(0.5) });
  return draft.add('Add', [base, term], to);
}

interface Stacked {
  readonly down: Float32Array;
  readonly up: Float32Array;
  /** 1 where a rank is of an expert, else 0. */
  readonly own: Float32Array;
  readonly ranks: number;
  readonly rows: number;
}

/** All experts' A and B of the modules, each with ranks of its own. */
async function stacked(
  adapters: readonly (Adapter | null)[],
  modules: readonly Module[],
  columns: number,
): Promise<Stacked> {
  const rows = modules.reduce((sum, module) => sum + module.rows, 0);
  const blocks = adapters.flatMap((adapter, expert) => {
    let row = 0;
    return modules.flatMap((module) => {
      const part = adapter?.parts.get(module.name);
      const from = row;
      row += module.rows;
      return adapter && part ? [{ adapter, part, expert, row: from }] : [];
    });
  });
  const ranks = blocks.reduce((sum, { adapter }) => sum + adapter.rank, 0);
  const down = new Float32Array(columns * ranks);
  const up = new Float32Array(ranks * rows);
  const own = new Float32Array(adapters.length * ranks);
  let start = 0;
  for (const { adapter, part, expert, row } of blocks) {
    const { rank, scale } = adapter;
    const { a, b } = await part.read();
    for (let r = 0; r < rank; r++) {
      own[expert * ranks + start + r] = 1;
      for (let c = 0; c < columns; c++) down[c * ranks + start + r] = scale * (a[r * columns + c] ?? 0);
      for (let n = 0; n < part.outputs; n++) up[(start + r) * rows + row + n] = b[n * rank + r] ?? 0;
    }
    start += rank;
  }
  return { down, up, own, ranks, rows };
}
