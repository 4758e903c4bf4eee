/** A model of any format as an expert in float32, and what it says next. */

import { join } from 'node:path';
import { type LoadedExpert, openExpert } from '../../src/runtime/expert.ts';
import { programs } from '../programs.ts';

/** `converted` gets how far the conversion is, where there is one. */
export function openModel(
  folder: string,
  cacheFolder: string,
  converted: number[] = [],
): Promise<LoadedExpert> {
  return openExpert({
    name: 'code',
    folder,
    precision: 'fp32',
    threads: 1,
    workerFile: join(programs, 'worker.js'),
    cacheFolder,
    onProgress: (value, stage) => {
      if (stage === 'converting') converted.push(value);
    },
  });
}

/** The logits of the last `count` rows after `context`, copied. */
export async function lastRows(
  expert: LoadedExpert,
  context: Int32Array,
  count: number,
): Promise<Float32Array> {
  const answer = await expert.logits(context, { rows: count });
  if (answer === 'cancelled') throw new Error('cancelled');
  return answer.logits.slice();
}
