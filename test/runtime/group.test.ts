/** Experts of one base in one worker: each is what it is alone, whatever the others do. */

import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadedExpert, type OpenExpertOptions, openExpert } from '../../src/runtime/expert.ts';
import { createGroups, type Groups } from '../../src/runtime/group.ts';
import { failureOf } from '../graph/failing.ts';
import { cacheFolder, pocket, programs, temporaryFolder } from '../programs.ts';
import { torture, tried } from '../sizes.ts';
import { type WrittenAdapter, writeAdapter } from './adapter-folders.ts';
import { modelFolder } from './model-folder.ts';
import { lastRows } from './opened.ts';

const workerFile = join(programs, 'worker.js');
const base = pocket('code');
const open = (folder: string, change: Partial<OpenExpertOptions> = {}): Promise<LoadedExpert> =>
  openExpert({
    name: folder,
    folder,
    base: folder === base ? undefined : base,
    precision: 'fp32',
    threads: 1,
    workerFile,
    cacheFolder,
    ...change,
  });

const small: WrittenAdapter = {
  rank: 2,
  seed: 1,
  layers: [0, 3],
  modules: ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.gate_proj'],
};
const large: WrittenAdapter = {
  rank: 5,
  seed: 2,
  layers: [1, 3],
  modules: ['self_attn.k_proj', 'self_attn.o_proj', 'mlp.up_proj', 'mlp.down_proj'],
};

const scoreOf = async (expert: LoadedExpert, context: Int32Array): Promise<Float64Array> => {
  const scores = await expert.score(context, 0);
  if (scores === 'cancelled') throw new Error('cancelled');
  return scores.slice(1);
};

/** The largest difference; infinite where the lengths differ. */
function difference(a: ArrayLike<number> | undefined, b: ArrayLike<number>): number {
  if (a?.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < b.length; i++)
    most = Math.max(most, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)));
  return most;
}

describe('experts of one base', () => {
  /** Two that go on alike, one that ends within the first, and one of its own. */
  const first = Int32Array.from({ length: 90 }, (_, i) => (i * 37) % 4000);
  const contexts = [
    first,
    Int32Array.from([...first.slice(0, 80), 7, 8, 9]),
    first.slice(0, 63),
    Int32Array.from({ length: 30 }, (_, i) => (i * 91 + 5) % 4000),
  ];
  const folders: string[] = [base];
  const alone: LoadedExpert[] = [];
  const expected: { readonly rows: Float32Array; readonly scores: Float64Array }[][] = [];
  const cleanUp: (() => void)[] = [];

  beforeAll(async () => {
    const place = mkdtempSync(join(tmpdir(), 'chorus-'));
    cleanUp.push(() => rmSync(place, { recursive: true, force: true }));
    folders.push(writeAdapter(join(place, 'small'), small), writeAdapter(join(place, 'large'), large));
    alone.push(...(await Promise.all(folders.map((folder) => open(folder)))));
    for (const expert of alone) {
      const answers: (typeof expected)[number] = [];
      for (const context of contexts) {
        await expert.forget();
        answers.push({ rows: await lastRows(expert, context, 4), scores: await scoreOf(expert, context) });
      }
      expected.push(answers);
    }
  });
  afterAll(async () => {
    await Promise.all(alone.map((expert) => expert.dispose()));
    for (const clean of cleanUp) clean();
  });

  it('differ from one another', () => {
    for (const [i, j] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const [a, b] = [expected[i]?.[0]?.rows, expected[j]?.[0]?.rows];
      expect(difference(a, b ?? new Float32Array(0))).toBeGreaterThan(0.05);
    }
  });

  it(
    'are each what they are alone, whoever joins, leaves, is cancelled or asks something else',
    torture,
    async () => {
      const action = fc.record({
        expert: fc.nat(2),
        context: fc.nat(contexts.length - 1),
        rows: fc.integer({ min: 1, max: 4 }),
        what: fc.constantFrom('ask', 'ask', 'ask', 'score', 'together', 'cancel', 'toggle', 'forget'),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 12 }), async (actions) => {
          const groups = createGroups(workerFile);
          const there = new Map<number, LoadedExpert>();
          const joined = async (i: number) => {
            const folder = folders[i] ?? '';
            if (!there.has(i)) there.set(i, await open(folder, { groups }));
            return there.get(i) as LoadedExpert;
          };
          const check = async (i: number, context: number, rows: number): Promise<void> => {
            const answer = await lastRows(await joined(i), contexts[context] ?? first, rows);
            const whole = expected[i]?.[context]?.rows;
            const last = whole?.subarray(whole.length - answer.length);
            expect(difference(last, answer)).toBeLessThan(1e-4);
          };
          await Promise.all([joined(0), joined(1)]);
          for (const { expert, context, rows, what } of actions) {
            const tokens = contexts[context] ?? first;
            switch (what) {
              case 'ask':
                await check(expert, context, rows);
                break;
              case 'score': {
                const scores = await scoreOf(await joined(expert), tokens);
                expect(difference(expected[expert]?.[context]?.scores, scores)).toBeLessThan(1e-4);
                break;
              }
              case 'together':
                await Promise.all([
                  check(expert, context, rows),
                  check((expert + 1) % 3, context, rows),
                  check((expert + 2) % 3, (context + 1) % contexts.length, 1),
                ]);
                break;
              case 'cancel': {
                const stop = new AbortController();
                const asked = (await joined(expert)).logits(tokens, { rows, signal: stop.signal });
                stop.abort();
                await Promise.all([asked, check((expert + 1) % 3, context, 1)]);
                break;
              }
              case 'toggle': {
                const leaving = there.get(expert);
                there.delete(expert);
                await leaving?.dispose();
                break;
              }
              case 'forget':
                await there.get(expert)?.forget();
                break;
              default:
                what satisfies never;
            }
          }
          await Promise.all([...there.values()].map((expert) => expert.dispose()));
        }),
        { numRuns: tried(2, 6) },
      );
    },
  );

  it.each(['fp32', 'q4'] as const)(
    'are the same to the last bit alone and among others, on %s graphs',
    async (precision) => {
      const groups = createGroups(workerFile);
      const [together, apart] = await Promise.all(
        [{ groups }, {}].map((share) =>
          Promise.all(folders.map((folder) => open(folder, { ...share, precision }))),
        ),
      );
      for (const context of contexts) {
        const rows: Float32Array[] = [];
        for (const [i, expert] of (together ?? []).entries()) {
          const one = apart?.[i];
          if (one === undefined) throw new Error('each is there');
          // The one reads in chunks and asks for several rows, the other has read a part before.
          await one.logits(context.slice(0, 20), { rows: 1 });
          rows.push(await lastRows(expert, context, 4));
          expect(difference(rows.at(-1), await lastRows(one, context, 4))).toBe(0);
        }
        // Negative control: they are not all the base.
        expect(difference(rows[0], rows[1] ?? new Float32Array(0))).toBeGreaterThan(0.01);
      }
      await Promise.all([...(together ?? []), ...(apart ?? [])].map((expert) => expert.dispose()));
    },
  );

  it('read the same tokens in one run for all, and hold the base once', async () => {
    const groups = createGroups(workerFile);
    const experts = await Promise.all(folders.map((folder) => open(folder, { groups })));
    const [one, two, three] = experts;
    const answers = await Promise.all(experts.map((expert) => expert.logits(first, { rows: 1 })));
    expect(answers).not.toContain('cancelled');
    // One ran it; the others had it.
    expect([one?.reused, two?.reused, three?.reused].sort()).toEqual([0, 90, 90].sort());
    const together = experts.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    expect(together).toBeLessThan(2 * (alone[0]?.memoryBytes ?? 0));
    await Promise.all(experts.map((expert) => expert.dispose()));
    // Without a group each has a run of its own.
    await Promise.all(alone.map((expert) => expert.forget()));
    await Promise.all(alone.map((expert) => expert.logits(first, { rows: 1 })));
    expect(alone.map(({ reused }) => reused)).toEqual([0, 0, 0]);
  });

  it('twice over are apart: neither waits for the other', async () => {
    const groups = createGroups(workerFile);
    const twins = await Promise.all([open(base, { groups }), open(base, { groups })]);
    await Promise.all(twins.map((expert) => expert.logits(first, { rows: 1 })));
    expect(twins.map(({ reused }) => reused)).toEqual([0, 0]);
    await Promise.all(twins.map((expert) => expert.dispose()));
  });

  it('go on where one of them cannot be loaded, which is refused by name', async () => {
    const groups = createGroups(workerFile);
    const place = temporaryFolder();
    const wrong = writeAdapter(join(place, 'wrong'), { ...small, layers: [9] });
    const cut = writeAdapter(join(place, 'cut'), small);
    truncateSync(join(cut, 'adapter_model.safetensors'), 5000);
    const [one, two, refused] = await Promise.allSettled([
      open(base, { groups }),
      open(folders[1] ?? '', { groups }),
      open(wrong, { groups }),
    ]);
    expect(refused).toMatchObject({ status: 'rejected' });
    if (one.status === 'rejected' || two.status === 'rejected') throw new Error('the others are there');
    const { code, message } = await failureOf(open(wrong, { groups }));
    expect(code).toBe('model-invalid');
    expect(message).toContain(join(wrong, 'adapter_model.safetensors'));
    expect(message).toContain("'model.layers.9.self_attn.q_proj', which the base model has not");
    expect((await failureOf(open(cut, { groups }))).message).toContain(cut);
    expect(difference(expected[1]?.[0]?.rows, await lastRows(two.value, first, 4))).toBeLessThan(1e-4);
    expect(difference(expected[0]?.[0]?.rows, await lastRows(one.value, first, 4))).toBeLessThan(1e-4);
    await Promise.all([one.value.dispose(), two.value.dispose()]);
  });

  it('may have a base without a graph, which is built once for all', async () => {
    const cache = temporaryFolder();
    const tensors = await modelFolder();
    const openAll = (groups: Groups) =>
      Promise.all(
        [tensors, ...folders.slice(1)].map((folder) =>
          open(folder, { groups, cacheFolder: cache, base: folder === tensors ? undefined : tensors }),
        ),
      );
    const experts = await openAll(createGroups(workerFile));
    for (const [i, expert] of experts.entries()) {
      const answer = await lastRows(expert, first, 4);
      expect(difference(expected[i]?.[0]?.rows, answer)).toBeLessThan(1e-3);
    }
    await Promise.all(experts.map((expert) => expert.dispose()));
    expect(readdirSync(join(cache, 'graphs'))).toHaveLength(1);
  });

  it('need a graph that is understood', async () => {
    const failed = await failureOf(open(folders[1] ?? '', { keepExport: true }));
    expect(failed.code).toBe('unsupported');
    expect(failed.message).toContain('cannot be the base of adapters');
  });
});

describe('an adapter', () => {
  it('has the tokenizer, the template and the style of completion of its base, but for what it says itself', async () => {
    const place = temporaryFolder();
    const plain = await open(writeAdapter(join(place, 'plain'), small));
    const completion = { promptTokens: 99, suffixTokens: 0 };
    const own = writeAdapter(join(place, 'own'), { ...small, manifest: { name: 'Own', completion } });
    writeFileSync(join(own, 'tokenizer_config.json'), JSON.stringify({ chat_template: '{{ 1 }}' }));
    const [special, code] = await Promise.all([open(own), open(base)]);
    expect(plain.tokenizer.hash).toBe(code.tokenizer.hash);
    expect(plain.tokenizer.chatTemplate).toBe(code.tokenizer.chatTemplate);
    expect(plain.manifest.completion).toEqual(code.manifest.completion);
    expect(special.tokenizer.hash).toBe(code.tokenizer.hash);
    expect(special.tokenizer.chatTemplate).toBe('{{ 1 }}');
    expect(special.manifest).toMatchObject({ name: 'Own', completion });
    await Promise.all([plain, special, code].map((expert) => expert.dispose()));
  });
});
