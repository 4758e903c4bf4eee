/** Chorus as it is measured beside others: the experts of one process, mixed by the decode loop of its engine. */

import { join } from 'node:path';
import { decode } from '../../src/core/decode.ts';
import type { Mix } from '../../src/core/mix.ts';
import { openExpert } from '../../src/runtime/expert.ts';
import { type AnswerOrder, serve } from './serve.mjs';

serve(async ({ models, threads, programs, cacheFolder }) => {
  const experts = await Promise.all(
    models.map((folder, i) =>
      openExpert({
        name: `expert ${i + 1}`,
        folder,
        precision: 'auto',
        threads,
        workerFile: join(programs, 'worker.js'),
        cacheFolder,
      }),
    ),
  );
  const asExported = experts.find((expert) => expert.asExported !== undefined)?.asExported;
  return {
    versions: { graph: asExported === undefined ? 'rewritten' : `as exported: ${asExported}` },
    async *answer({ prompt, tokens, warm }: AnswerOrder) {
      if (!warm) await Promise.all(experts.map((expert) => expert.forget()));
      const ids = Int32Array.from(prompt);
      const mix: Mix = {
        participants: experts.map((expert) => ({ expert, prompt: ids, weight: 1 })),
        pool: { kind: 'linear' },
      };
      const steps = decode({
        mix: () => mix,
        sampling: { temperature: 0, topK: 0, topP: 1, minP: 0 },
        random: () => 0,
        stopTokens: new Set(),
        bannedTokens: new Set<number>(),
        maxTokens: tokens,
        observe: false,
      });
      for await (const { token } of steps) yield token;
    },
  };
});
