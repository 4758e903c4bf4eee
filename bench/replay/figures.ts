/** What replays come to, and whether that is as good as what it is compared with. */

import type { Replayed } from './typist.ts';

export interface Figures {
  readonly keys: number;
  readonly characters: number;
  /** Requests of the editor after which a suggestion stood there before the next key. */
  readonly shown: number;
  /** Of these, answered from what was known. */
  readonly known: number;
  readonly accepted: number;
  readonly acceptedCharacters: number;
  /** Keys that were not pressed for that. */
  readonly savedKeys: number;
  /** Requests to the engine. */
  readonly requests: number;
  readonly promptTokens: number;
  readonly decoded: number;
  /** Decoded for an answer that was given up, of which nothing was shown, or that was not accepted. */
  readonly wasted: { readonly cancelled: number; readonly unseen: number; readonly seen: number };
  /** From the key to the suggestion, in virtual milliseconds, of those that the engine was asked for. */
  readonly p50: number;
  readonly p95: number;
}

export function figuresOf(replays: readonly Replayed[]): Figures {
  const sum = (of: (replayed: Replayed) => number): number => replays.reduce((all, one) => all + of(one), 0);
  const shown = replays.flatMap(({ trace }) =>
    trace.flatMap(({ decision, ms }) => (decision.kind === 'shown' ? [{ from: decision.from, ms }] : [])),
  );
  const asked = shown.filter(({ from }) => from === 'engine' || from === 'bytes');
  const runs = replays.flatMap((one) => one.runs);
  const decoded = (...fates: string[]): number =>
    runs.filter(({ fate }) => fates.includes(fate)).reduce((all, run) => all + run.decoded, 0);
  const latencies = asked.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return {
    keys: sum(({ keys }) => keys),
    characters: sum(({ characters }) => characters),
    shown: shown.length,
    known: shown.length - asked.length,
    accepted: sum(({ accepted }) => accepted.length),
    acceptedCharacters: sum(({ accepted }) => accepted.join('').length),
    savedKeys: sum(({ keys, pressed }) => keys - pressed),
    requests: runs.length,
    promptTokens: runs.reduce((all, run) => all + run.promptTokens, 0),
    decoded: runs.reduce((all, run) => all + run.decoded, 0),
    wasted: {
      cancelled: decoded('cancelled', 'running'),
      unseen: decoded('unseen'),
      seen: decoded('seen'),
    },
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
  };
}

/** Of values in order; 0 where there are none. */
function quantile(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
}

export function wastedOf({ wasted: { cancelled, unseen, seen } }: Figures): number {
  return cancelled + unseen + seen;
}

interface Judged {
  readonly name: string;
  readonly better: 'more' | 'less';
  of(figures: Figures): number;
}

const judged: readonly Judged[] = [
  { name: 'suggestions shown', better: 'more', of: ({ shown }) => shown },
  { name: 'suggestions accepted', better: 'more', of: ({ accepted }) => accepted },
  { name: 'characters accepted', better: 'more', of: ({ acceptedCharacters }) => acceptedCharacters },
  { name: 'keys saved', better: 'more', of: ({ savedKeys }) => savedKeys },
  { name: 'median latency in ms', better: 'less', of: ({ p50 }) => p50 },
  { name: '95th percentile of latency in ms', better: 'less', of: ({ p95 }) => p95 },
  { name: 'prompt tokens evaluated', better: 'less', of: ({ promptTokens }) => promptTokens },
  { name: 'tokens decoded and wasted', better: 'less', of: wastedOf },
];

/**
 * Another processor adds the same numbers in another order, and near a tie another token can come first: so much is no difference.
 * In float32 that is rarer than once in these sessions.
 */
const TOLERANCE = 0.01;

/** A sentence for each figure that is worse than it was. */
export function worse(now: Figures, baseline: Figures): readonly string[] {
  if (now.keys !== baseline.keys || now.characters !== baseline.characters)
    return ['The sessions are not those of the baseline. Write it anew: npm run replay -- --write'];
  return judged.flatMap(({ name, better, of }) => {
    const [is, was] = [of(now), of(baseline)];
    const isWorse = better === 'more' ? is < was * (1 - TOLERANCE) : is > was * (1 + TOLERANCE);
    return isWorse ? [`${name}: ${is}, where the baseline has ${was}`] : [];
  });
}
