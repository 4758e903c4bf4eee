/** A process with some rows of Tiny open, which runs tokens when it is told to; what it takes is measured from the outside. */

import { openExpert } from '../../src/runtime/expert.ts';
import { createGroups } from '../../src/runtime/group.ts';
import type { CostOrder, Stepped } from './cost.ts';

/** Tokens of context before the first step. */
const PREFIX = 128;

async function main({ experts, workerFile, cacheFolder, threads }: CostOrder): Promise<void> {
  const groups = createGroups(workerFile);
  const opened = await Promise.all(
    experts.map(({ id, folder, base }) =>
      openExpert({
        name: id,
        folder,
        base,
        precision: 'auto',
        threads: Math.max(1, Math.ceil(threads / experts.length)),
        workerFile,
        groups,
        cacheFolder,
      }),
    ),
  );
  const text = Int32Array.from({ length: 4096 }, (_, i) => 100 + ((i * 37 + ((i * i) % 11)) % 4000));
  let length = PREFIX;
  const ask = async (): Promise<void> => {
    const context = text.subarray(0, length);
    await Promise.all(opened.map((expert) => expert.logits(context, { rows: 1 })));
  };
  await ask();
  process.on('message', async ({ steps }: { readonly steps: number }) => {
    const stepped: Stepped[] = [];
    for (let i = 0; i < steps; i++) {
      length = length + 1 < text.length ? length + 1 : PREFIX;
      const [began, used] = [performance.now(), process.cpuUsage()];
      await ask();
      const { user, system } = process.cpuUsage(used);
      stepped.push({ ms: performance.now() - began, cpu: (user + system) / 1000 });
    }
    process.send?.(stepped);
  });
  process.send?.([]);
}

process.once('message', (order: CostOrder) => {
  main(order).catch((thrown: unknown) => {
    console.error(thrown);
    process.exit(1);
  });
});
