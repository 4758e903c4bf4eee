/**
 * The low-rank terms of adapters (LoRA, arXiv 2106.09685) for the rows of a batch: expert e adds scale_e B_e A_e x to the
 * product that all experts share.
 */

import type { Adapter } from './adapter.ts';
import { splitLast } from './decoder-attention.ts';
import type { GraphDraft } from './graph-draft.ts';
import { joined } from './joined.ts';
import { elementTypes, float, int } from './onnx.ts';
import type { WeightsFile } from './weights-file.ts';

/** A part of a linear layer: its rows are outputs. */
export interface Module {
  /** As adapters name it: model.layers.0.self_attn.q_proj. */
  readonly name: string;
  readonly rows: number;
}

export interface LowRankStore {
  readonly draft: GraphDraft;
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
 * Adds the terms as one product over all experts' A [columns, ranks], side by side, and one for each module over their B
 * [ranks, rows], one under another. Between them a mask [experts, ranks] leaves each row its own expert's ranks: what it removes
 * adds exact zeros. Products of plain matrices are packed once, when the graph is loaded; a batch of matrices would be packed
 * anew at every token.
 */
export async function addLowRank(store: LowRankStore, options: LowRankOptions): Promise<string> {
  const { draft, adapters } = store;
  const { input, base, to, modules, columns } = options;
  const { down, own, parts } = await stacked(adapters, modules);
  const ranks = down.length / columns;
  await addConstant(store, `${to}.down`, down, [ranks, columns]);
  // Factors other than 1 keep the runtime from its kernel for one row, which adds in another order than that for several.
  let low = draft.add('FusedMatMul', [input, `${to}.down`], `${to}.low`, { alpha: float(2), transB: int(1) });
  if (adapters.length > 1) {
    await addConstant(store, `${to}.own`, own, [adapters.length, ranks]);
    low = draft.add('Mul', [low, `${to}.own`], `${to}.low.own`);
  }
  const lows = parts.length === 1 ? [low] : parts.map((_, i) => `${to}.low.${i}`);
  if (parts.length > 1)
    splitLast(draft, { from: low, into: parts.map(({ ranks }, i) => [lows[i] ?? '', ranks]) });
  const terms: string[] = [];
  for (const [i, { up, ranks, rows }] of parts.entries()) {
    const name = `${to}.up.${i}`;
    await addConstant(store, name, up, [ranks, rows]);
    terms.push(draft.add('FusedMatMul', [lows[i] ?? '', name], `${name}.term`, { alpha: float(0.5) }));
  }
  const term =
    terms.length === 1 ? (terms[0] ?? '') : draft.add('Concat', terms, `${to}.term`, { axis: int(-1) });
  return draft.add('Add', [base, term], to);
}

async function addConstant(
  { draft, weights }: LowRankStore,
  name: string,
  values: Float32Array,
  dims: readonly number[],
): Promise<void> {
  draft.tensors.push({ name, type: elementTypes.float, dims, data: await weights.add(values) });
}

interface Stacked {
  /** All experts' A times their scales, module after module, [ranks, columns]. */
  readonly down: Float32Array;
  /** 1 where a rank is of an expert, else 0, [experts, ranks]. */
  readonly own: Float32Array;
  /** For each module that somebody adapts. Together they have the rows of all modules. */
  readonly parts: readonly Part[];
}

interface Part {
  /** [ranks, rows] */
  readonly up: Float32Array;
  readonly ranks: number;
  readonly rows: number;
}

async function stacked(adapters: readonly (Adapter | null)[], modules: readonly Module[]): Promise<Stacked> {
  const downs: Float32Array[] = [];
  const owners: number[] = [];
  const parts: Part[] = [];
  for (const { name, before, rows } of spansOf(adapters, modules)) {
    const ups: Float32Array[] = [];
    for (const [expert, adapter] of adapters.entries()) {
      const part = adapter?.parts.get(name);
      if (!adapter || !part) continue;
      const { rank, scale } = adapter;
      const { a, b } = await part.read();
      const up = new Float32Array(rank * rows);
      for (let r = 0; r < rank; r++) {
        for (let n = 0; n < part.outputs; n++) up[r * rows + before + n] = b[n * rank + r] ?? 0;
        owners.push(expert);
      }
      downs.push(a.map((value) => scale * value));
      ups.push(up);
    }
    const up = joined(ups);
    parts.push({ up, ranks: up.length / rows, rows });
  }
  const own = adapters.flatMap((_, expert) => owners.map((owner) => (owner === expert ? 1 : 0)));
  return { down: joined(downs), own: Float32Array.from(own), parts };
}

/**
 * The modules that somebody adapts: `rows` are a module's own, those of others that nobody adapts up to the next, and for the
 * first also the `before` rows that come before it.
 */
function spansOf(
  adapters: readonly (Adapter | null)[],
  modules: readonly Module[],
): { name: string; before: number; rows: number }[] {
  const spans: { name: string; before: number; rows: number }[] = [];
  let skipped = 0;
  for (const { name, rows } of modules) {
    const last = spans.at(-1);
    if (adapters.some((adapter) => adapter?.parts.has(name))) {
      spans.push({ name, before: skipped, rows: skipped + rows });
      skipped = 0;
    } else if (last !== undefined) last.rows += rows;
    else skipped += rows;
  }
  return spans;
}
