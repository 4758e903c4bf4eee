/** Whether an expert fits into memory, asked before it is loaded, and what to do where it does not. */

import { estimateMemory, type MemoryEstimate, usedContext } from '../models/memory.ts';
import { readMemoryFacts } from '../models/memory-facts.ts';
import type { ExpertSetting } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import { type ExpertLayout, type LayoutOptions, layoutOf } from '../runtime/layout.ts';

/** Left to everything else on the machine, in bytes. */
export const MEMORY_RESERVE = 256e6;

/** Where an expert's files are, and how much of its context is used. */
export type ModelPlace = LayoutOptions & Pick<ExpertSetting, 'contextLimit'>;

export interface ExpertMemory extends MemoryEstimate {
  /** The same for experts of one base. */
  readonly base: string;
}

/** Rejects with a `ChorusError` where the folder holds no model. `known` is the place's layout, where it was read already. */
export async function memoryOf(place: ModelPlace, known?: ExpertLayout): Promise<ExpertMemory> {
  const layout = known ?? (await layoutOf(place));
  const facts = await readMemoryFacts(layout);
  const estimate = estimateMemory(facts, usedContext(facts.contextLength, place.contextLimit));
  const adapter = layout.adapter?.bytes ?? 0;
  return {
    ...estimate,
    weights: estimate.weights + adapter,
    total: estimate.total + adapter,
    base: `${layout.graph} ${layout.precision}`,
  };
}

/** An expert that is loaded, or about to be. */
export interface Occupant {
  readonly id: string;
  readonly memory: ExpertMemory;
  /** Whether its bytes are not yet among those in use. */
  readonly loading: boolean;
}

/** What experts need together: of one base its weights once. */
function together(memories: readonly ExpertMemory[]): number {
  const own = memories.reduce((sum, { total, shared }) => sum + total - shared, 0);
  const bases = new Map(memories.map(({ base, shared }) => [base, shared]));
  return [...bases.values()].reduce((sum, bytes) => sum + bytes, own);
}

export interface MemoryState {
  /** Free now, in bytes. */
  readonly available: number;
  /** Bytes that all experts may need together; undefined for no limit but the machine's. */
  readonly limit: number | undefined;
  readonly others: readonly Occupant[];
}

/** Whether one more expert fits beside the others. */
export function fits(memory: ExpertMemory, state: MemoryState): boolean {
  return addedBy(memory, state) <= roomIn(state);
}

/** What one more expert adds to what the others need. */
function addedBy(memory: ExpertMemory, { others }: MemoryState): number {
  const isThere = others.some((other) => other.memory.base === memory.base);
  return isThere ? memory.total - memory.shared : memory.total;
}

/** Bytes that one more expert may add. */
export function roomIn({ available, limit = Number.POSITIVE_INFINITY, others }: MemoryState): number {
  const all = together(others.map(({ memory }) => memory));
  const there = together(others.flatMap(({ memory, loading }) => (loading ? [] : [memory])));
  return Math.max(0, Math.min(available - MEMORY_RESERVE - (all - there), limit - all));
}

/** Says that `setting` does not fit: the numbers, and what would. */
export async function refusal(id: string, place: ModelPlace, state: MemoryState): Promise<ChorusError> {
  const memory = await memoryOf(place);
  const room = roomIn(state);
  const why =
    roomIn({ ...state, limit: undefined }) > room
      ? 'within chorus.mix.memoryLimit'
      : `free for it (${megabytes(MEMORY_RESERVE)} are left to the rest of the machine)`;
  const ways = [
    ...(await smallerGraph(place, state)),
    ...(await shorterContext(place, state)),
    ...withoutAnother(memory, state),
  ];
  const parts = `weights ${megabytes(memory.weights)}, context ${megabytes(memory.context)}, work ${megabytes(memory.work)}`;
  return new ChorusError(
    'out-of-memory',
    `'${id}' needs about ${megabytes(addedBy(memory, state))} of memory (${parts}), and ${megabytes(room)} are ${why}. ${
      ways.length === 0 ? 'Choose a smaller model, or close other programs.' : `${ways.join(', or ')}.`
    }`,
    place.folder,
  );
}

async function smallerGraph(place: ModelPlace, state: MemoryState): Promise<string[]> {
  if (place.precision === 'q4') return [];
  const bytes = await wouldAdd({ ...place, precision: 'q4' }, state);
  return bytes === undefined ? [] : [`Choose the precision q4 (about ${megabytes(bytes)})`];
}

async function shorterContext(place: ModelPlace, state: MemoryState): Promise<string[]> {
  for (const contextLimit of [2048, 1024, 512]) {
    if (place.contextLimit !== undefined && contextLimit >= place.contextLimit) continue;
    const bytes = await wouldAdd({ ...place, contextLimit }, state);
    if (bytes === undefined) continue;
    return [`Set chorus.models.contextLimit to ${contextLimit} tokens (about ${megabytes(bytes)})`];
  }
  return [];
}

/** Undefined where there is no such graph, or where it does not fit either. */
async function wouldAdd(place: ModelPlace, state: MemoryState): Promise<number | undefined> {
  const memory = await memoryOf(place).catch(() => undefined);
  return memory !== undefined && fits(memory, state) ? addedBy(memory, state) : undefined;
}

/** The least of the others that makes enough room. */
function withoutAnother(memory: ExpertMemory, state: MemoryState): string[] {
  const needed = together(state.others.map((other) => other.memory));
  const ways = state.others.flatMap((gone) => {
    const others = state.others.filter((other) => other !== gone);
    const freed = needed - together(others.map((other) => other.memory));
    const available = state.available + (gone.loading ? 0 : freed);
    return fits(memory, { ...state, available, others }) ? [{ id: gone.id, freed }] : [];
  });
  const [least] = ways.sort((a, b) => a.freed - b.freed);
  return least === undefined ? [] : [`Switch '${least.id}' off (about ${megabytes(least.freed)})`];
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;
}
