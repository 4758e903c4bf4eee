/**
 * Pocket experts that stay open from one test to the next, in all files of a process: opening one takes as much as forty tokens of an
 * answer. Where it is the opening, the closing or the memory that counts, a test opens its own.
 */

import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EngineParts } from '../src/engine/engine.ts';
import type { ChorusError } from '../src/protocol/failure.ts';
import { type LoadedExpert, type OpenExpertOptions, openExpert } from '../src/runtime/expert.ts';
import { pocket, programs } from './programs.ts';

interface Kept {
  readonly expert: LoadedExpert;
  /** Hears when its thread ends; undefined while nobody has it. */
  onGone: ((why: ChorusError) => void) | undefined;
  isGone: boolean;
}

/** What an engine is made of that keeps them open. */
export const keeping: EngineParts = { programs, open: openKept };

const idle = new Map<string, Kept[]>();
const pockets = dirname(pocket('code'));

/** As `openExpert`; a pocket expert that is disposed of has forgotten what it was asked, and waits for who wants the same again. */
export async function openKept(options: OpenExpertOptions): Promise<LoadedExpert> {
  const { name, folder, precision, threads, contextLimit, device = 'cpu', keepExport = false } = options;
  // A test's folder of models may lead here by a link.
  const place = await realpath(folder).catch(() => folder);
  if (dirname(place) !== pockets || keepExport || device !== 'cpu') return openExpert(options);
  const key = JSON.stringify([name, place, precision, threads, contextLimit]);
  const waiting = idle.get(key) ?? [];
  idle.set(key, waiting);
  const kept = takenFrom(waiting) ?? (await opened(options));
  kept.onGone = options.onGone;
  options.onProgress?.(1, 'loading');
  let isMine = true;
  const dispose = async (): Promise<void> => {
    if (!isMine) return;
    isMine = false;
    kept.onGone = undefined;
    if (kept.isGone) return;
    await kept.expert.forget();
    waiting.push(kept);
  };
  const getters = Object.getOwnPropertyDescriptors(kept.expert);
  return Object.defineProperties(
    { ...kept.expert, dispose },
    { ...getters, dispose: { value: dispose, enumerable: true } },
  );
}

/** The last that is still there; those whose threads ended while nobody had them are dropped. */
function takenFrom(waiting: Kept[]): Kept | undefined {
  const last = waiting.pop();
  return last?.isGone ? takenFrom(waiting) : last;
}

async function opened(options: OpenExpertOptions): Promise<Kept> {
  const { groups: _, ...alone } = options;
  const onGone = (why: ChorusError): void => {
    kept.isGone = true;
    kept.onGone?.(why);
  };
  const kept: Kept = {
    expert: await openExpert({ ...alone, onGone }),
    onGone: undefined,
    isGone: false,
  };
  return kept;
}
