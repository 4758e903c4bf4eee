/**
 * Softmax of logits by ONNX Runtime's own kernel, in the expert's thread: in float32, and about ten times as fast as a loop
 * over the vocabulary in JavaScript, which would come after all experts have answered (docs/performance.md).
 */

import * as ort from 'onnxruntime-node';
import { createGraphDraft } from '../graph/graph-draft.ts';
import { elementTypes, int } from '../graph/onnx.ts';
import { writeOnnx } from '../graph/onnx-write.ts';

export interface SoftmaxKernel {
  /**
   * @param logits float32 [rows, size]
   * @param out softmax of each row, float32 [rows, size]
   * @param logSumExps log sum exp of each row in nats, [rows]; NaN where a row's logits are not finite numbers
   */
  run(logits: Float32Array, out: Float32Array, logSumExps: Float64Array): Promise<void>;
  release(): Promise<void>;
}

export async function createSoftmax(
  size: number,
  options: ort.InferenceSession.SessionOptions,
): Promise<SoftmaxKernel> {
  const draft = createGraphDraft();
  const shape = ['rows', size] as const;
  draft.inputs.push({ name: 'logits', type: elementTypes.float, shape });
  draft.outputs.push({ name: 'probabilities', type: elementTypes.float, shape });
  draft.add('Softmax', ['logits'], 'probabilities', { axis: int(-1) });
  const model = writeOnnx({ irVersion: 10, opsets: [{ domain: '', version: 21 }], ...draft });
  const session = await ort.InferenceSession.create(model, options);
  return {
    async run(logits, out, logSumExps) {
      const rows = logits.length / size;
      const { probabilities } = await session.run({
        logits: new ort.Tensor('float32', logits, [rows, size]),
      });
      out.set(probabilities?.data as Float32Array);
      for (let row = 0; row < rows; row++) {
        const best = row * size + indexOfLargest(out.subarray(row * size, (row + 1) * size));
        // The largest probability is the one known best: log p(x) = z(x) - log sum exp z.
        logSumExps[row] = (logits[best] as number) - Math.log(out[best] as number);
      }
    },
    release: () => session.release(),
  };
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let x = 1; x < values.length; x++) if ((values[x] as number) > (values[best] as number)) best = x;
  return best;
}
