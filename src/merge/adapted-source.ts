/** A base with a LoRA adapter added to its weights: W + scale B A (arXiv 2106.09685). */

import type { Adapter } from '../graph/adapter.ts';
import type { TensorSource } from '../graph/tensor-source.ts';

/** Closing it closes both. */
export function adaptedSource(base: TensorSource, adapter: Adapter): TensorSource {
  return {
    tensors: base.tensors,
    async readFloat32(name) {
      const weight = await base.readFloat32(name);
      const part = name.endsWith('.weight') ? adapter.parts.get(name.slice(0, -'.weight'.length)) : undefined;
      if (part === undefined) return weight;
      const { a, b } = await part.read();
      const { outputs, inputs } = part;
      const rank = a.length / inputs;
      // In double precision, row by row.
      const row = new Float64Array(inputs);
      for (let output = 0; output < outputs; output++) {
        row.fill(0);
        for (let r = 0; r < rank; r++) {
          const factor = adapter.scale * (b[output * rank + r] as number);
          for (let i = 0; i < inputs; i++)
            row[i] = (row[i] as number) + factor * (a[r * inputs + i] as number);
        }
        for (let i = 0; i < inputs; i++) {
          const at = output * inputs + i;
          weight[at] = (weight[at] as number) + (row[i] as number);
        }
      }
      return weight;
    },
    async close() {
      await Promise.all([base.close(), adapter.close()]);
    },
  };
}
