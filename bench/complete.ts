/** The engine as the benchmarks use it: one answer to raw text. */

import type { Engine } from '../src/engine/engine.ts';
import type { Acceleration, ExpertSetting, Generated } from '../src/protocol/engine.ts';

export function expertAt(id: string, folder: string, weight = 1): ExpertSetting {
  return { id, folder, precision: 'auto', active: true, weight };
}

/** It may end before `maxTokens`, so times are taken per token after the first. Rejects where the engine fails. */
export async function complete(
  engine: Engine,
  {
    prompt,
    maxTokens,
    accelerate = 'none',
    temperature = 0,
    seed = 0,
  }: {
    prompt: string;
    maxTokens: number;
    accelerate?: Acceleration;
    temperature?: number;
    seed?: number;
  },
): Promise<Completed> {
  let began: NodeJS.CpuUsage | undefined;
  const outcome = await engine.generate(
    {
      surface: 'completion',
      prompt: { kind: 'text', text: prompt },
      maxTokens,
      sampling: { temperature, topK: 0, topP: 1, minP: 0, seed },
      stop: [],
      accelerate,
      trace: false,
    },
    {
      onDelta: () => {
        began ??= process.cpuUsage();
      },
    },
  );
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  const { user, system } = process.cpuUsage(began);
  return { ...outcome.result, cpuMs: (user + system) / 1000 };
}

export interface Completed extends Generated {
  /** Processor time of all threads since the first piece of text, in milliseconds. */
  readonly cpuMs: number;
}

/** Decoding time of a token after the first, in milliseconds. */
export function msPerToken({ ids, ms }: Generated): number {
  return ms.decode / Math.max(1, ids.length - 1);
}
