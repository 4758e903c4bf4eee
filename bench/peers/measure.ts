/** The measurement: every runtime in processes of its own, all given the same tokens, in turns. */

import { median } from '../median.ts';
import { type Child, startChild } from './child.ts';
import type { Figure, Runtime } from './figures.ts';
import { KNOWN, type Prompts } from './prompts.ts';
import type { Answered, OpenOrder } from './serve.mjs';
import type { MemoryFigure } from './table.ts';

export const CONTEXTS = [32, 256, 1024] as const;
export const LONGEST = 1024;

/** A process to be measured. */
export interface Variant {
  readonly runtime: Runtime;
  readonly program: string;
  /** A model per expert. */
  readonly models: readonly string[];
}

export interface MeasureOptions {
  /** In the order of their turns, Chorus first. */
  readonly variants: readonly Variant[];
  readonly prompts: Prompts;
  readonly threads: number;
  readonly rounds: number;
  /** Generated for each prompt, at least 2. */
  readonly tokens: number;
  readonly programs: string;
  readonly cacheFolder: string;
  readonly progress: (text: string) => void;
}

export interface Measured {
  /** Chorus beside others. */
  readonly figures: readonly Figure[];
  /** Chorus with one, two and more experts. */
  readonly mixing: readonly Figure[];
  readonly memory: readonly MemoryFigure[];
  readonly versions: Readonly<Record<string, string>>;
  /** Of how many greedy tokens how many are Chorus's, from the start of each answer of one expert. */
  readonly alike: readonly {
    readonly runtime: Runtime;
    readonly context: number;
    readonly tokens: number;
    readonly of: number;
  }[];
}

interface Running extends Child {
  readonly runtime: Runtime;
  readonly experts: number;
}

export async function measure(options: MeasureOptions): Promise<Measured> {
  const { variants, progress } = options;
  const withExperts = (count: number): readonly Variant[] =>
    variants.filter(({ models }) => models.length === count);
  const memory: MemoryFigure[] = [];
  const versions: Record<string, string> = {};
  for (const variant of variants) {
    progress(`memory of ${nameOf(variant)}`);
    await withChildren([variant], options, async ([child]) => {
      if (child === undefined) return;
      await child.answer({ prompt: promptOf(options, LONGEST), tokens: options.tokens, warm: false });
      Object.assign(versions, child.versions);
      memory.push({
        runtime: variant.runtime,
        experts: variant.models.length,
        memory: await child.memory(),
      });
    });
  }
  progress('one expert');
  const one = await withChildren(withExperts(1), options, (children) => measureOne(children, options));
  progress('two experts');
  const two = await withChildren(withExperts(2), options, (children) =>
    measureDecoding(children, options, [LONGEST]),
  );
  progress('one to four experts mixed');
  // Experts that are adapters of one base, as rows of one batch, would be further variants here.
  const mixing = await withChildren(
    variants.filter(({ runtime }) => runtime === 'Chorus'),
    options,
    (children) => measureDecoding(children, options, [32, LONGEST]),
  );
  return { figures: [...one.figures, ...two], mixing, memory, versions, alike: one.alike };
}

/** One expert: prompts of every length from nothing, then a text that is known but for its last character. */
async function measureOne(
  children: readonly Running[],
  options: MeasureOptions,
): Promise<Pick<Measured, 'figures' | 'alike'>> {
  const figures: Figure[] = [];
  const alike: Measured['alike'][number][] = [];
  for (const context of CONTEXTS) {
    const answers = await inTurns(children, options.rounds, (child) =>
      child.answer({ prompt: promptOf(options, context), tokens: options.tokens, warm: false }),
    );
    for (const work of ['prefill', 'decode'] as const) figures.push(...figuresOf(work, context, answers));
    const own = answers[0]?.rounds[0]?.ids ?? [];
    for (const { child, rounds } of answers.slice(1)) {
      const ids = rounds[0]?.ids ?? [];
      const differs = ids.findIndex((id, i) => id !== own[i]);
      alike.push({
        runtime: child.runtime,
        context,
        tokens: differs === -1 ? ids.length : differs,
        of: ids.length,
      });
    }
  }
  const typed = await inTurns(children, options.rounds, (child, round) =>
    child.answer({ prompt: options.prompts.typed[round + 1] ?? [], tokens: 1, warm: true }),
  );
  figures.push(...figuresOf('keystroke', KNOWN, typed));
  return { figures, alike };
}

async function measureDecoding(
  children: readonly Running[],
  options: MeasureOptions,
  contexts: readonly number[],
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const context of contexts) {
    const answers = await inTurns(children, options.rounds, (child) =>
      // Only the tokens after the first are timed, so what is remembered of the prompt saves time and changes nothing.
      child.answer({ prompt: promptOf(options, context), tokens: options.tokens, warm: true }),
    );
    figures.push(...figuresOf('decode', context, answers));
  }
  return figures;
}

interface Turns {
  readonly child: Running;
  readonly rounds: readonly Answered[];
}

/** Rounds in which everybody takes a turn, so that a drifting machine shifts all alike; the first, numbered -1, warms up. */
async function inTurns(
  children: readonly Running[],
  rounds: number,
  ask: (child: Running, round: number) => Promise<Answered>,
): Promise<readonly Turns[]> {
  const answers = children.map((): Answered[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, child] of children.entries()) {
      const answered = await ask(child, round);
      if (round >= 0) answers[i]?.push(answered);
    }
  }
  return children.map((child, i) => ({ child, rounds: answers[i] ?? [] }));
}

function figuresOf(work: Figure['work'], context: number, turns: readonly Turns[]): readonly Figure[] {
  return turns.map(({ child: { runtime, experts }, rounds }) => {
    const times = rounds.map(({ firstMs, restMs, ids }) =>
      work === 'decode' ? restMs / (ids.length - 1) : firstMs,
    );
    return { runtime, work, context, experts, ms: median(times), rounds: times };
  });
}

async function withChildren<T>(
  variants: readonly Variant[],
  { threads, programs, cacheFolder, tokens }: MeasureOptions,
  work: (children: readonly Running[]) => Promise<T>,
): Promise<T> {
  const running: Running[] = [];
  const order: Omit<OpenOrder, 'models'> = { threads, programs, cacheFolder, longest: LONGEST + tokens };
  try {
    for (const variant of variants) {
      const { runtime, program, models } = variant;
      const child = await startChild(nameOf(variant), program, { ...order, models });
      running.push({ ...child, runtime, experts: models.length });
    }
    return await work(running);
  } finally {
    await Promise.all(running.map((child) => child.end()));
  }
}

function promptOf({ prompts }: MeasureOptions, length: number): readonly number[] {
  const prompt = prompts.byLength.get(length);
  if (prompt === undefined) throw new Error(`there is no prompt of ${length} tokens`);
  return prompt;
}

function nameOf({ runtime, models }: Variant): string {
  return models.length === 1 ? runtime : `${runtime} with ${models.length} experts`;
}
