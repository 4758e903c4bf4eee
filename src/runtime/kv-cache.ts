/**
 * What a session remembers: for several contexts, the keys and values of every token in them. An entry is found by its
 * longest common prefix with the context asked about; going back is exact, so a rejected or abandoned token is as if it
 * never was.
 */

import type { Memory } from './decoder.ts';

export interface KvEntry<M extends Memory = Memory> {
  /** The tokens whose keys and values are held. */
  tokens: Int32Array;
  /** Of each expert log p(token j | before), NaN where unknown; as long as `tokens`. */
  logProbs: readonly Float64Array[];
  readonly memory: M;
}

export interface KvCache<M extends Memory = Memory> {
  /** The entry that shares most with `context`, and how many tokens; undefined where none shares any. */
  best(context: Int32Array): { readonly entry: KvEntry<M> | undefined; readonly shared: number };
  /** An entry holding exactly the first `kept` tokens of `entry`, to go on from. */
  rewind(entry: KvEntry<M> | undefined, kept: number): KvEntry<M>;
  /** Lets go of what was used longest ago until the rest fits; the entry in use stays. */
  trim(): void;
  bytes(): number;
  forget(): void;
}

export interface KvLimits {
  /** Most contexts remembered. */
  readonly contexts: number;
  /** Most bytes they take together, but for the one in use. */
  readonly bytes: number;
}

/** @param experts how many share every memory, their keys and values side by side */
export function createKvCache<M extends Memory>(
  createMemory: () => M,
  { experts, ...limits }: KvLimits & { readonly experts: number },
): KvCache<M> {
  // Most recently used first.
  let entries: KvEntry<M>[] = [];

  const bytes = (): number => entries.reduce((sum, { memory }) => sum + memory.bytes, 0);
  const use = (entry: KvEntry<M>): KvEntry<M> => {
    entries = [entry, ...entries.filter((other) => other !== entry)];
    trim();
    return entry;
  };
  const trim = (): void => {
    while (entries.length > 1 && (entries.length > limits.contexts || bytes() > limits.bytes)) {
      entries.pop()?.memory.dispose?.();
    }
  };

  return {
    best(context) {
      let entry: KvEntry<M> | undefined;
      let shared = 0;
      for (const candidate of entries) {
        const length = commonPrefix(candidate.tokens, context);
        if (length > shared) {
          entry = candidate;
          shared = length;
        }
      }
      return { entry, shared };
    },
    rewind(entry, kept) {
      if (entry === undefined || kept === 0) {
        const logProbs = Array.from({ length: experts }, () => new Float64Array(0));
        return use({ tokens: new Int32Array(0), logProbs, memory: createMemory() });
      }
      if (kept === entry.tokens.length) return use(entry);
      const tokens = entry.tokens.slice(0, kept);
      const logProbs = entry.logProbs.map((ofExpert) => ofExpert.slice(0, kept));
      // Another text that only begins alike is remembered beside the first.
      if (kept * 2 < entry.tokens.length) {
        return use({ tokens, logProbs, memory: entry.memory.fork(kept) as M });
      }
      // The same text edited further on goes on in its place.
      entry.memory.truncate(kept);
      entry.tokens = tokens;
      entry.logProbs = logProbs;
      return use(entry);
    },
    trim,
    bytes,
    forget() {
      for (const { memory } of entries) memory.dispose?.();
      entries = [];
    },
  };
}

function commonPrefix(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
