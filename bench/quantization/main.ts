/** `npm run bench -- quantization`: graphs in 4 and 8 bits that Chorus builds, beside float32 and beside another builder's. */

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { findGguf } from '../peers/gguf.ts';
import { measure, type Row, type Variant } from './measure.ts';
import { readTexts } from './texts.ts';

export interface QuantizationOptions {
  readonly root: string;
  /** Folders with model.safetensors and onnx/model_q4.onnx. */
  readonly folders: readonly string[];
  /** A folder with onnx/model_q4.onnx made from the same weights as `gguf`. */
  readonly exported: string | undefined;
  readonly gguf: string | undefined;
  readonly fetch: boolean;
  readonly data: string;
  readonly cases: number;
  readonly tokens: number;
  readonly seed: number;
  readonly command: string;
}

const WANTED = { perplexity: 1.01, top1: 0.99 };

/** Measures, prints the tables and writes .cache/bench/quantization.json. Rejects with a sentence for the user. */
export async function compareQuantization(options: QuantizationOptions): Promise<void> {
  const { root, folders, exported, data, cases, tokens, seed, command } = options;
  const cacheFolder = join(root, '.cache', 'bench');
  const suites = await readTexts(data, { count: cases, seed });
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`;
  console.log(`${machine}, ${new Date().toISOString().slice(0, 10)}\n${command}`);
  console.log(suites.map(({ name, texts }) => `${name}: ${texts.length} texts`).join(', '));
  const models = folders.map((folder) => ({
    name: basename(folder),
    variants: variantsOf(withoutGraphs(folder, join(cacheFolder, 'quantization')), folder),
  }));
  const gguf =
    exported === undefined && options.gguf === undefined
      ? undefined
      : await findGguf({ given: options.gguf, models: join(root, 'models'), fetch: options.fetch });
  if (gguf !== undefined) models.push({ name: basename(gguf), variants: variantsOf(gguf, exported) });
  else console.log('No GGUF file: SmolLM2 is left out (--gguf FILE names one, --fetch gets SmolLM2-135M).');

  const results: { readonly model: string; readonly rows: readonly Row[] }[] = [];
  for (const { name, variants } of models) {
    console.log(`\n${name}`);
    const rows = await measure({
      variants,
      suites,
      tokens,
      threads: cpus().length,
      workerFile: join(root, 'dist', 'worker.js'),
      cacheFolder,
      onVariant: (variant, seconds) => console.log(`  ${variant}: ${seconds.toFixed(0)} s`),
    });
    console.table(
      rows.map(({ perplexity, bitsPerByte, top1, top5, divergence, ...row }) => ({
        ...row,
        perplexity: Number(perplexity.toFixed(4)),
        'bits per byte': Number(bitsPerByte.toFixed(4)),
        'top 1 as fp32, %': Number((100 * top1).toFixed(2)),
        'top 5 as fp32, %': Number((100 * top5).toFixed(2)),
        'divergence, nats': Number(divergence.toFixed(5)),
      })),
    );
    for (const line of verdicts(rows)) console.log(line);
    results.push({ model: name, rows });
  }
  const about = { machine, date: new Date().toISOString(), command, cases, tokens, seed };
  writeFileSync(join(cacheFolder, 'quantization.json'), JSON.stringify({ ...about, results }, null, 2));
}

const EXPORT = 'q4, exported by another builder';

/** @param exported a folder with a 4-bit graph of the same weights */
function variantsOf(folder: string, exported: string | undefined): Variant[] {
  return [
    { name: 'fp32', folder, precision: 'fp32' },
    { name: 'q8', folder, precision: 'q8' },
    { name: 'q4', folder, precision: 'q4' },
    ...(exported === undefined ? [] : [{ name: EXPORT, folder: exported, precision: 'q4' } as const]),
  ];
}

function verdicts(rows: readonly Row[]): string[] {
  const of = (variant: string): Row | undefined =>
    rows.find((row) => row.variant === variant && row.suite === 'all');
  const [eight, four, other] = [of('q8'), of('q4'), of(EXPORT)];
  const said = (met: boolean): string => (met ? 'met' : 'NOT met');
  const lines: string[] = [];
  if (eight !== undefined) {
    lines.push(
      `q8, likeliest token as in fp32: ${(100 * eight.top1).toFixed(2)} %, wanted at least ${100 * WANTED.top1} %: ${said(eight.top1 >= WANTED.top1)}`,
    );
  }
  if (four !== undefined && other !== undefined) {
    const times = four.perplexity / other.perplexity;
    lines.push(
      `q4, perplexity over the other builder's: ${times.toFixed(4)}, wanted at most ${WANTED.perplexity}: ${said(times <= WANTED.perplexity)}`,
    );
  }
  return lines;
}

/** A copy of a model without its graphs, so that they are built. */
function withoutGraphs(folder: string, copies: string): string {
  const copy = join(copies, basename(folder));
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'])
    cpSync(join(folder, name), join(copy, name), { preserveTimestamps: true });
  return copy;
}
