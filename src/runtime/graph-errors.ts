/** What is wrong with a graph that cannot be run, as a sentence with the file and the remedy. */

import { ChorusError } from '../protocol/failure.ts';
import type { GraphOrder } from './worker-messages.ts';

/** `what` goes on after "is not a decoder that Chorus can run: ". */
export function graphError(order: GraphOrder, what: string): ChorusError {
  return new ChorusError(
    'model-invalid',
    `${order.graph} is not a decoder that Chorus can run: ${what}. Export it with a KV cache in float32 (int4 or fp32 weights).`,
    order.graph,
  );
}

export function vocabularyError(order: GraphOrder, columns: number): ChorusError {
  return new ChorusError(
    'model-invalid',
    `${order.graph} gives logits for ${columns} tokens, its config says ${order.vocabularyRows}: they do not belong together. Download the model again.`,
    order.graph,
  );
}

export function loadError(order: GraphOrder, thrown: unknown): ChorusError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new ChorusError(
    /alloc/i.test(why) ? 'out-of-memory' : 'model-invalid',
    /alloc/i.test(why)
      ? `There is not enough memory for ${order.graph}. Turn another expert off or choose a smaller model.`
      : `${order.graph} cannot be loaded; it is damaged, cut short, or not an ONNX model this runtime knows (${why.slice(0, 300)}). Download the model again.`,
    order.graph,
  );
}
