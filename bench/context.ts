/** What a token costs as the context grows: the rewritten graph against the export as it is, in turns. */

import { join } from 'node:path';
import { type LoadedExpert, openExpert } from '../src/runtime/expert.ts';
import { median } from './median.ts';

export interface ContextOptions {
  readonly first: string;
  readonly programs: string;
  readonly rounds: number;
  readonly threads: number;
}

export interface ContextResult {
  readonly rows: readonly {
    readonly context: number;
    readonly 'ms a token': number;
    readonly 'ms as exported': number;
    /** The same text with its last two tokens changed, as after one more character. */
    readonly 'ms to go on': number;
    /** Processor time of all threads: on a busy machine steadier than what the clock says. */
    readonly 'CPU ms a token': number;
    readonly 'CPU ms as exported': number;
  }[];
}

const LENGTHS = [32, 256, 1000];
const STEPS = 8;

export async function measureContext({
  first,
  programs,
  rounds,
  threads,
}: ContextOptions): Promise<ContextResult> {
  const open = (keepExport: boolean): Promise<LoadedExpert> =>
    openExpert({
      name: 'measured',
      folder: first,
      precision: 'auto',
      threads,
      workerFile: join(programs, 'worker.js'),
      cacheFolder: join(programs, '..', '.cache', 'bench'),
      keepExport,
    });
  const variants = [await open(false), await open(true)];
  const text = Int32Array.from({ length: 1100 }, (_, i) => (i * 37 + ((i * i) % 11)) % 4000);
  const ask = async (expert: LoadedExpert, context: Int32Array): Promise<Cost> => {
    const [began, used] = [performance.now(), process.cpuUsage()];
    await expert.logits(context, { rows: 1 });
    const { user, system } = process.cpuUsage(used);
    return { ms: performance.now() - began, cpu: (user + system) / 1000 };
  };
  const rows: ContextResult['rows'][number][] = [];
  for (const length of LENGTHS) {
    const steps = variants.map((): Cost[] => []);
    const again: Cost[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [i, expert] of variants.entries()) {
        await ask(expert, text.slice(0, length));
        for (let step = 1; step <= STEPS; step++) {
          const cost = await ask(expert, text.slice(0, length + step));
          if (step > 2) steps[i]?.push(cost);
        }
        if (i > 0) continue;
        const changed = text.slice(0, length);
        changed.fill(round + 1, length - 2);
        await ask(expert, text.slice(0, length));
        again.push(await ask(expert, changed));
      }
    }
    const [rewritten = [], exported = []] = steps;
    rows.push({
      context: length,
      'ms a token': middle(rewritten, 'ms'),
      'ms as exported': middle(exported, 'ms'),
      'ms to go on': middle(again, 'ms'),
      'CPU ms a token': middle(rewritten, 'cpu'),
      'CPU ms as exported': middle(exported, 'cpu'),
    });
  }
  await Promise.all(variants.map((expert) => expert.dispose()));
  return { rows };
}

interface Cost {
  readonly ms: number;
  readonly cpu: number;
}

function middle(costs: readonly Cost[], of: keyof Cost): number {
  return Number(median(costs.map((cost) => cost[of])).toFixed(2));
}
