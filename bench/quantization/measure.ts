/** How much worse a model foresees text in fewer bits: perplexity, bits per byte, and how often the likeliest tokens are the same. */

import type { ExpertSetting } from '../../src/protocol/engine.ts';
import { type LoadedExpert, MAX_ROWS, openExpert } from '../../src/runtime/expert.ts';
import type { TextSuite } from './texts.ts';

export interface Variant {
  readonly name: string;
  readonly folder: string;
  readonly precision: ExpertSetting['precision'];
}

export interface MeasureOptions {
  /** The first is what the others are compared with. */
  readonly variants: readonly Variant[];
  readonly suites: readonly TextSuite[];
  /** Of each text so many are read at most. */
  readonly tokens: number;
  readonly threads: number;
  readonly workerFile: string;
  readonly cacheFolder: string;
  readonly onVariant: (name: string, seconds: number) => void;
}

export interface Row {
  readonly variant: string;
  readonly suite: string;
  readonly tokens: number;
  /** exp of the mean negative log-likelihood of a token, those after the first of a text. */
  readonly perplexity: number;
  readonly bitsPerByte: number;
  /** Share of the positions whose likeliest token is that of the first variant. */
  readonly top1: number;
  /** Of the five likeliest tokens the mean share that is among the first variant's. */
  readonly top5: number;
  /** Mean Kullback-Leibler divergence from the first variant, estimated on its five likeliest tokens and the rest as one, in nats. */
  readonly divergence: number;
}

const TOP = 5;

/** What one variant said at every position of a suite. */
interface Said {
  nats: number;
  bytes: number;
  /** [positions, TOP] */
  readonly best: number[][];
  /** log p of the reference's `best` under this variant. */
  readonly logProbs: Float64Array[];
}

export async function measure(options: MeasureOptions): Promise<readonly Row[]> {
  const { variants, suites, threads, workerFile, cacheFolder, onVariant } = options;
  let texts: Int32Array[][] | undefined;
  let reference: Said[] | undefined;
  const rows: Row[] = [];
  for (const { name, folder, precision } of variants) {
    const began = performance.now();
    const expert = await openExpert({ name, folder, precision, threads, workerFile, cacheFolder });
    try {
      // Every variant reads the same ids.
      texts ??= suites.map((suite) =>
        suite.texts.map((text) => Int32Array.from(expert.tokenizer.encode(text).slice(0, options.tokens))),
      );
      const said: Said[] = [];
      for (const [i, ids] of texts.entries()) said.push(await read(expert, ids, reference?.[i]));
      reference ??= said;
      rows.push(...rowsOf(name, suites, said, reference));
      onVariant(name, (performance.now() - began) / 1000);
    } finally {
      await expert.dispose();
    }
  }
  return rows;
}

async function read(
  expert: LoadedExpert,
  texts: readonly Int32Array[],
  reference: Said | undefined,
): Promise<Said> {
  const said: Said = { nats: 0, bytes: 0, best: [], logProbs: [] };
  const size = expert.vocabularySize;
  for (const ids of texts) {
    for (let start = 0; start < ids.length - 1; start += MAX_ROWS) {
      const count = Math.min(MAX_ROWS, ids.length - 1 - start);
      const answer = await expert.logits(ids.slice(0, start + count), { rows: count });
      if (answer === 'cancelled') throw new Error('nobody cancels here');
      for (let i = 0; i < count; i++) {
        const row = answer.logits.subarray(i * size, (i + 1) * size);
        const next = ids[start + i + 1] as number;
        const sum = logSumExp(row);
        const best = likeliest(row);
        const position = said.best.push(best) - 1;
        const asked = reference?.best[position] ?? best;
        said.logProbs.push(Float64Array.from(asked, (id) => (row[id] as number) - sum));
        said.nats -= (row[next] as number) - sum;
        said.bytes += expert.tokenizer.bytes(next).length;
      }
    }
  }
  return said;
}

function rowsOf(
  variant: string,
  suites: readonly TextSuite[],
  said: readonly Said[],
  reference: readonly Said[],
): Row[] {
  const all = { nats: 0, bytes: 0, tokens: 0, same: 0, shared: 0, divergence: 0 };
  const row = (suite: string, { nats, bytes, tokens, same, shared, divergence }: typeof all): Row => ({
    variant,
    suite,
    tokens,
    perplexity: Math.exp(nats / tokens),
    bitsPerByte: nats / Math.LN2 / bytes,
    top1: same / tokens,
    top5: shared / tokens / TOP,
    divergence: divergence / tokens,
  });
  const rows = suites.map(({ name }, s) => {
    const { nats, bytes, best, logProbs } = said[s] as Said;
    const other = reference[s] as Said;
    const own = { nats, bytes, tokens: best.length, same: 0, shared: 0, divergence: 0 };
    for (const [i, ids] of best.entries()) {
      const wanted = other.best[i] as number[];
      if (ids[0] === wanted[0]) own.same++;
      own.shared += ids.filter((id) => wanted.includes(id)).length;
      own.divergence += divergence(other.logProbs[i] as Float64Array, logProbs[i] as Float64Array);
    }
    for (const key of ['nats', 'bytes', 'tokens', 'same', 'shared', 'divergence'] as const)
      all[key] += own[key];
    return row(name, own);
  });
  return [...rows, row('all', all)];
}

/** KL(p || q) over the outcomes given and the rest as one, in nats. */
function divergence(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  let [restP, restQ] = [1, 1];
  for (let i = 0; i < p.length; i++) {
    const [a, b] = [p[i] as number, q[i] as number];
    sum += Math.exp(a) * (a - b);
    restP -= Math.exp(a);
    restQ -= Math.exp(b);
  }
  if (restP > 1e-12 && restQ > 1e-12) sum += restP * Math.log(restP / restQ);
  return sum;
}

function logSumExp(row: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < row.length; i++) if ((row[i] as number) > most) most = row[i] as number;
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += Math.exp((row[i] as number) - most);
  return most + Math.log(sum);
}

/** The ids of the TOP largest, largest first. */
function likeliest(row: Float32Array): number[] {
  const best: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < row.length; id++) {
    const value = row[id] as number;
    if (best.length === TOP && value <= least) continue;
    let at = best.length;
    while (at > 0 && (row[best[at - 1] as number] as number) < value) at--;
    best.splice(at, 0, id);
    if (best.length > TOP) best.pop();
    if (best.length === TOP) least = row[best[TOP - 1] as number] as number;
  }
  return best;
}
