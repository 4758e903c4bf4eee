/** Experts that are adapters of one base: rows of one batch against a session for each, in turns. */

import { cpSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type LoadedExpert, openExpert } from '../src/runtime/expert.ts';
import { createGroups } from '../src/runtime/group.ts';
import { median } from './median.ts';

export interface AdaptersOptions {
  /** The base's folder. */
  readonly first: string;
  /** Folders of adapters of it, at least one. */
  readonly adapters: readonly string[];
  readonly programs: string;
  readonly rounds: number;
  readonly tokens: number;
  readonly cores: number;
}

export interface AdaptersResult {
  readonly rows: readonly {
    readonly variant: string;
    readonly 'ms a token': number;
    /** Over the base alone. */
    readonly times: number;
    /** A tenth of the tokens took no longer: nearly what an idle machine takes. */
    readonly 'ms, fast': number;
    readonly 'times, fast': number;
    /** Processor time of all threads: on a busy machine steadier than what the clock says. */
    readonly 'CPU ms a token': number;
    readonly 'CPU times': number;
    readonly 'MB counted': number;
  }[];
}

const PREFIX = 96;
/** The first steps after a prompt find buffers and caches cold. */
const WARM_UP = 2;
const MOST_ROWS = 4;

export async function measureAdapters({
  first,
  adapters,
  programs,
  rounds,
  tokens,
  cores,
}: AdaptersOptions): Promise<AdaptersResult> {
  const cacheFolder = join(programs, '..', '.cache', 'bench');
  const copies = join(cacheFolder, 'adapters');
  rmSync(copies, { recursive: true, force: true });
  // The same adapter under another name costs what another adapter would.
  const folders = Array.from({ length: MOST_ROWS }, (_, i) => {
    const from = adapters[i % adapters.length] ?? '';
    const folder = join(copies, `${i}-${basename(from)}`);
    cpSync(from, folder, { recursive: true });
    return folder;
  });
  const open = (chosen: readonly string[], together: boolean): Promise<LoadedExpert[]> => {
    const groups = createGroups(join(programs, 'worker.js'));
    const threads = Math.max(1, Math.floor(cores / chosen.length));
    return Promise.all(
      chosen.map((folder) =>
        openExpert({
          name: folder,
          folder,
          base: folder === first ? undefined : first,
          precision: 'auto',
          threads,
          workerFile: join(programs, 'worker.js'),
          cacheFolder,
          ...(together && { groups }),
        }),
      ),
    );
  };
  const withBase = (count: number): string[] => [first, ...folders.slice(0, count - 1)];
  const variants = [
    { variant: 'base alone', experts: await open([first], true) },
    { variant: 'one adapter alone', experts: await open(folders.slice(0, 1), true) },
    ...(await Promise.all(
      [2, 3].map(async (count) => ({
        variant: `base and ${count - 1}, one batch`,
        experts: await open(withBase(count), true),
      })),
    )),
    { variant: `${MOST_ROWS} adapters, one batch`, experts: await open(folders, true) },
    ...(await Promise.all(
      [2, 3].map(async (count) => ({
        variant: `base and ${count - 1}, apart`,
        experts: await open(withBase(count), false),
      })),
    )),
  ];
  const text = Int32Array.from({ length: PREFIX + tokens }, (_, i) => (i * 37 + ((i * i) % 11)) % 4000);
  const costs = variants.map((): { ms: number; cpu: number }[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { experts }] of variants.entries()) {
      for (let step = 0; step < tokens; step++) {
        const context = text.slice(0, PREFIX + step);
        const [began, used] = [performance.now(), process.cpuUsage()];
        await Promise.all(experts.map((expert) => expert.logits(context, { rows: 1 })));
        const { user, system } = process.cpuUsage(used);
        if (step >= WARM_UP) costs[i]?.push({ ms: performance.now() - began, cpu: (user + system) / 1000 });
      }
    }
  }
  const fast = (i: number): number => {
    const sorted = (costs[i] ?? []).map(({ ms }) => ms).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 10)] ?? Number.NaN;
  };
  const middle = (i: number, of: 'ms' | 'cpu'): number => median((costs[i] ?? []).map((cost) => cost[of]));
  const rows = variants.map(({ variant, experts }, i) => ({
    variant,
    'ms a token': rounded(middle(i, 'ms')),
    times: rounded(middle(i, 'ms') / middle(0, 'ms')),
    'ms, fast': rounded(fast(i)),
    'times, fast': rounded(fast(i) / fast(0)),
    'CPU ms a token': rounded(middle(i, 'cpu')),
    'CPU times': rounded(middle(i, 'cpu') / middle(0, 'cpu')),
    'MB counted': Math.round(experts.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) / 1e6),
  }));
  await Promise.all(variants.flatMap(({ experts }) => experts.map((expert) => expert.dispose())));
  rmSync(copies, { recursive: true, force: true });
  return { rows };
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
