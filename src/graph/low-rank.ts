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
  /** What the layer reads, float32 [experts, T, columns]. */
  readonly input: string;
  /** What the base gives for it, float32 [experts, T, rows of all modules]. */
  readonly base: string;
  /** The name of the sum. */
  readonly to: string;
  readonly modules: readonly Module[];
  readonly columns: number;
}

/** Adds the terms as two products, with A [experts, columns, ranks] and B [experts, ranks, rows]. */
export async function addLowRank(store: LowRankStore, options: LowRankOptions): Promise<string> {
  const { draft, weights, adapters } = store;
  const { input, base, to, modules, columns } = options;
  const { down, up, ranks, rows } = await stacked(adapters, modules, columns);
  const dims = { down: [adapters.length, columns, ranks], up: [adapters.length, ranks, rows] };
  for (const [name, values] of [
    ['down', down],
    ['up', up],
  ] as const) {
    const data = await weights.add(values);
    draft.tensors.push({ name: `${to}.${name}`, type: elementTypes.float, dims: dims[name], data });
  }
  // Factors other than 1 keep the runtime from its kernel for one row, which adds in another order than that for several.
  const low = draft.add('FusedMatMul', [input, `${to}.down`], `${to}.low`, { alpha: float(2) });
  const term = draft.add('FusedMatMul', [low, `${to}.up`], `${to}.term`, { alpha: float(0.5) });
  return draft.add('Add', [base, term], to);
}

/** All experts' A and B of the modules, those of each module in their own rows and columns. */
async function stacked(
  adapters: readonly (Adapter | null)[],
  modules: readonly Module[],
  columns: number,
): Promise<{ down: Float32Array; up: Float32Array; ranks: number; rows: number }> {
  const rank = Math.max(...adapters.map((adapter) => adapter?.rank ?? 0));
  const ranks = modules.length * rank;
  const rows = modules.reduce((sum, module) => sum + module.rows, 0);
  const down = new Float32Array(adapters.length * columns * ranks);
  const up = new Float32Array(adapters.length * ranks * rows);
  for (const [expert, adapter] of adapters.entries()) {
    let row = 0;
    for (const [place, module] of modules.entries()) {
      const part = adapter?.parts.get(module.name);
      if (adapter && part !== undefined) {
        const { a, b } = await part.read();
        for (let r = 0; r < adapter.rank; r++) {
          const at = place * rank + r;
          for (let c = 0; c < columns; c++) {
            down[(expert * columns + c) * ranks + at] = adapter.scale * (a[r * columns + c] ?? 0);
          }
          for (let n = 0; n < module.rows; n++) {
            up[(expert * ranks + at) * rows + row + n] = b[n * adapter.rank + r] ?? 0;
          }
        }
      }
      row += module.rows;
    }
  }
  return { down, up, ranks, rows };
}
