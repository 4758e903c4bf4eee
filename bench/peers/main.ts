/** `npm run bench -- peers`: Chorus beside transformers.js on the same ONNX and llama.cpp on the same model as GGUF. */

import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { readLayout } from '../../src/models/layout.ts';
import { readTokenizer } from '../../src/runtime/tokenizer.ts';
import { busyNow, busyWarning } from './busy.ts';
import { targets } from './figures.ts';
import { findGguf } from './gguf.ts';
import { CONTEXTS, LONGEST, measure, type Variant } from './measure.ts';
import { promptsFrom } from './prompts.ts';
import { figuresTable, memoryTable, mixingTable, targetsTable } from './table.ts';

export interface CompareOptions {
  readonly root: string;
  /** The bundled ours.ts. */
  readonly ours: string;
  /** A model in the transformers.js layout with onnx/model_q4.onnx. */
  readonly folder: string;
  /** Whether `folder` is SmolLM2-135M-Instruct, whose GGUF file is known. */
  readonly isUsual: boolean;
  readonly gguf: string | undefined;
  readonly fetch: boolean;
  readonly rounds: number;
  readonly tokens: number;
  readonly threads: number;
  readonly command: string;
}

const EXPERTS = 4;

const quantisation =
  'Chorus and transformers.js run the same int4 ONNX graph (blocks of 32, 8-bit head). llama.cpp runs the GGUF file: Q4_1 where it is the usual one, from which that graph was made by quantising once more. The bits per weight are about alike, the two 4-bit forms are not the same.';

/** Measures, prints the tables and writes .cache/bench/peers.json. Rejects with a sentence for the user. */
export async function compare(options: CompareOptions): Promise<void> {
  const { root, folder, rounds, tokens, threads } = options;
  if (tokens < 2) throw new Error('--tokens must be at least 2: the first is not like those that follow.');
  const { contextLength } = await readLayout(folder, 'q4');
  if (contextLength < LONGEST + tokens)
    throw new Error(
      `${folder} reads ${contextLength} tokens, and ${LONGEST + tokens} are needed. Name a model with a longer context.`,
    );
  const cacheFolder = join(root, '.cache', 'bench');
  const gguf =
    options.gguf === undefined && !options.isUsual
      ? undefined
      : await findGguf({ given: options.gguf, models: join(root, 'models'), fetch: options.fetch });
  if (gguf === undefined)
    console.log('No GGUF file: llama.cpp is left out (--gguf FILE names one, --fetch gets SmolLM2-135M).');
  const tokenizer = await readTokenizer(
    join(folder, 'tokenizer.json'),
    join(folder, 'tokenizer_config.json'),
  );
  const text = await readFile(join(root, 'LICENSE'), 'utf8');
  const prompts = promptsFrom(text, { tokenizer, lengths: CONTEXTS, keystrokes: rounds });
  const models = await separateModels(folder, join(cacheFolder, 'experts'));
  const peers = join(root, 'bench', 'peers');
  const mixed = (count: number): Variant => ({
    runtime: 'Chorus',
    program: options.ours,
    models: models.slice(0, count),
  });
  const inTurn = (count: number): Variant => ({
    runtime: 'transformers.js',
    program: join(peers, 'transformers.mjs'),
    models: models.slice(0, count),
  });
  const llama: readonly Variant[] =
    gguf === undefined ? [] : [{ runtime: 'llama.cpp', program: join(peers, 'llama.mjs'), models: [gguf] }];

  const about = {
    machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}`,
    node: process.version,
    date: new Date().toISOString(),
    busyBefore: await busyNow(),
    command: options.command,
    model: basename(folder),
    gguf: gguf === undefined ? undefined : basename(gguf),
    quantisation,
    rounds,
    tokens,
    threads,
  };
  console.log(`${about.machine}, Node ${about.node}, ${about.date}`);
  console.log(
    `${about.command}: ${about.model}, ${rounds} rounds, ${tokens} tokens each, ${threads} threads each`,
  );
  const measured = await measure({
    variants: [mixed(1), inTurn(1), ...llama, mixed(2), inTurn(2), mixed(3), mixed(EXPERTS)],
    prompts,
    threads,
    rounds,
    tokens,
    programs: join(root, 'dist'),
    cacheFolder,
    progress: (what) => console.log(`… ${what}`),
  });
  const busyAfter = await busyNow();
  const warning = busyWarning(about.busyBefore, busyAfter);
  const reached = targets(measured.figures);
  const { versions, figures, mixing, memory, alike } = measured;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  console.log(`\n${names.join(', ')}\n${quantisation}\n`);
  console.log(`${figuresTable(figures)}\n`);
  console.log(
    'transformers.js runs two experts in turn, unmixed; it cannot go back in its cache, so after one more character it reads the whole text again.\n',
  );
  console.log(`${mixingTable(mixing)}\n\n${memoryTable(memory)}\n\n${targetsTable(reached)}\n`);
  if (warning !== undefined) console.log(`${warning}\n`);
  for (const { runtime, context, tokens: same, of } of alike)
    console.log(`Greedy tokens like those of Chorus at context ${context}, ${runtime}: ${same} of ${of}`);
  await mkdir(cacheFolder, { recursive: true });
  await writeFile(
    join(cacheFolder, 'peers.json'),
    JSON.stringify(
      { ...about, busyAfter, warning, versions, figures, mixing, memory, targets: reached, alike },
      null,
      2,
    ),
  );
}

/** `folder` and copies of it: several experts that shared one file would seem to take less memory than several do. */
async function separateModels(folder: string, cache: string): Promise<readonly string[]> {
  const graph = join('onnx', 'model_q4.onnx');
  const source = await stat(join(folder, graph)).catch(() => undefined);
  if (source === undefined)
    throw new Error(`${join(folder, graph)} is missing: the comparison runs the 4-bit graph of a model.`);
  const models = [folder];
  for (let i = 2; i <= EXPERTS; i++) {
    const copy = join(cache, `${basename(folder)}-${i}`);
    const made = await stat(join(copy, graph)).catch(() => undefined);
    if (made?.size !== source.size || made.mtimeMs !== source.mtimeMs)
      await cp(folder, copy, { recursive: true, force: true, preserveTimestamps: true });
    models.push(copy);
  }
  return models;
}
