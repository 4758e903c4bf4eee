/** The engine as the benchmarks use it: one greedy answer to raw text. */

import type { Engine } from '../src/engine/engine.ts';
import type { ExpertSetting, Generated, GenerateRequest } from '../src/protocol/engine.ts';

export function expertAt(id: string, folder: string): ExpertSetting {
  return { id, folder, precision: 'auto', active: true, weight: 1 };
}

/** It may end before `maxTokens`, so times are taken per token after the first. Rejects where the engine fails. */
export async function complete(
  engine: Engine,
  {
    prompt,
    maxTokens,
    accelerate,
  }: { prompt: string; maxTokens: number; accelerate: GenerateRequest['accelerate'] },
): Promise<Generated> {
  const outcome = await engine.generate({
    surface: 'completion',
    prompt: { kind: 'text', text: prompt },
    maxTokens,
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
    stop: [],
    accelerate,
    trace: false,
  });
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  return outcome.result;
}

/** Decoding time of a token after the first, in milliseconds. */
export function msPerToken({ ids, ms }: Generated): number {
  return ms.decode / Math.max(1, ids.length - 1);
}
