// Thousands of keys as fast as they come, against the session with an engine that answers by a law of its own: what is shown
// must be what that law gives at the place, however the session came to it.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import type { CompletionQuery } from '../../src/extension/completion-query.ts';
import { createCompletionSession, type Suggestion } from '../../src/extension/completion-session.ts';
import { checkSettings } from '../../src/extension/setting-rules.ts';
import { createTrace, type Decision } from '../../src/extension/trace.ts';
import type { GenerateOutcome } from '../../src/protocol/engine.ts';
import { planGhost, shapeGhost } from '../../src/text/ghost.ts';
import { torture, tried } from '../sizes.ts';

const KEYS = tried(4000, 10_000);
const LETTERS = 'abcdefghijklmnopqrstuvwxyz    ';
const MOST_CHARACTERS = 60;

/** What follows a text: each character by the four before it, at least one, up to where these four say so. */
function lawOf(prefix: string): { readonly text: string; readonly isWhole: boolean } {
  let text = '';
  while (text.length < MOST_CHARACTERS) {
    const state = (prefix.slice(-4) + text).slice(-4);
    let hash = 17;
    for (const character of state) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
    if (text !== '' && hash % 6 === 0) return { text, isWhole: true };
    text += LETTERS.charAt((hash >>> 3) % LETTERS.length);
  }
  return { text, isWhole: false };
}

/** What the session would show without remembering anything; undefined for nothing. */
function fresh(
  before: string,
  after: string,
): { readonly text: string; readonly isWhole: boolean } | undefined {
  const plan = planGhost({ before, after }, 'auto', false);
  if (plan.kind === 'skip') return undefined;
  const { text, isWhole } = lawOf(before);
  const ghost = shapeGhost(text, { before, after, multiline: plan.multiline, truncated: !isWhole });
  return ghost.kind === 'text' ? { text: ghost.text, isWhole } : undefined;
}

function generated(text: string): GenerateOutcome {
  const nothing = { shares: {}, weights: {}, promptTokens: {}, reusedTokens: {} };
  const ms = { prefill: 0, decode: 0 };
  return { kind: 'generated', result: { ...nothing, text, unit: 'token', ids: [], stop: 'end', ms } };
}

/** Counts what is going on and was not given up. */
function counter() {
  const live = new Set<AbortSignal>();
  let most = 0;
  return {
    most: () => most,
    async during<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
      live.add(signal);
      for (const one of live) if (one.aborted) live.delete(one);
      most = Math.max(most, live.size);
      return work.finally(() => live.delete(signal));
    },
  };
}

/** Some turns of the event loop, which stand for the time that all takes here. */
async function turns(count: number, signal: AbortSignal): Promise<void> {
  for (let turn = 0; turn < count && !signal.aborted; turn++) await setImmediate();
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Least squares, in bytes a key. */
function slope(points: readonly (readonly [key: number, bytes: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const x = mean(points.map(([key]) => key));
  const y = mean(points.map(([, bytes]) => bytes));
  const above = points.reduce((sum, [key, bytes]) => sum + (key - x) * (bytes - y), 0);
  return above / points.reduce((sum, [key]) => sum + (key - x) ** 2, 0);
}

it(
  'keeps up with thousands of keys: one request runs, one waits, nothing shown is stale, memory is flat',
  torture,
  async () => {
    const random = seededRandom(7);
    const settings = checkSettings(() => undefined).values;
    const trace = createTrace();
    const from = new Map<string, number>();
    trace.onAdd(({ decision }) => {
      const name = decision.kind === 'shown' ? decision.from : decision.kind;
      from.set(name, (from.get(name) ?? 0) + 1);
    });
    const running = counter();
    const waiting = counter();
    const never = new AbortController().signal;
    const session = createCompletionSession({
      settings: () => settings,
      mix: () => 'the mix',
      experts: () => ['code'],
      isStarting: () => false,
      isSnoozed: () => false,
      isOnBattery: () => false,
      isSecretFile: () => false,
      now: () => performance.now(),
      trace,
      pause: (_ms, signal) => waiting.during(signal, turns(2, signal)),
      generate: async ({ prompt }, { signal = never }) => {
        const prefix = prompt.kind === 'infill' ? prompt.prefix : '';
        return running.during(
          signal,
          turns(4 * random(), signal).then(() => generated(lawOf(prefix).text)),
        );
      },
    });

    let before = 'const a = 1\n';
    const after = '\n';
    let shown: Suggestion | undefined;
    let shownCount = 0;
    let controller = new AbortController();
    const stale: unknown[] = [];
    const heap: [number, number][] = [];
    const under = new Set<Promise<void>>();

    const ask = (): Promise<void> => {
      controller.abort();
      controller = new AbortController();
      shown = undefined;
      const { signal } = controller;
      const place = before;
      const query: CompletionQuery = {
        path: '/w/a.ts',
        languageId: 'typescript',
        file: 'a.ts',
        explicit: false,
        selected: undefined,
        chunks: () => [],
        read: () => ({ before: place, after }),
      };
      const asked = session.suggest(query, signal).then(([first]) => {
        if (signal.aborted || first === undefined) return;
        shown = first;
        shownCount++;
        const due = fresh(place, after);
        const isRight = due?.isWhole ? first.text === due.text : due?.text.startsWith(first.text);
        if (!isRight) stale.push({ shown: first.text, due, place: place.slice(-30) });
      });
      under.add(asked);
      return asked.finally(() => under.delete(asked));
    };

    for (let key = 0; key < KEYS; key++) {
      const dice = random();
      if (shown !== undefined && dice < 0.1) {
        before += shown.text;
        session.accepted(shown);
      } else if (dice < 0.2) before = before.slice(0, -1);
      else if (shown !== undefined && dice < 0.75) before += shown.text.charAt(0);
      else if (dice > 0.97) before += '\n';
      else before += LETTERS.charAt(Math.floor(random() * LETTERS.length));
      // The file is left for a shorter one: what grows is to be the session alone.
      if (before.length > 6000) before = before.slice(-3000);
      const asked = ask();
      if (random() < 0.25) await asked;
      else if (random() < 0.5) await Promise.resolve();
      if ((key + 1) % (KEYS / 10) === 0) {
        collectGarbage();
        heap.push([key, process.memoryUsage().heapUsed]);
      }
    }
    await Promise.all(under);

    const perKey = slope(heap.slice(heap.length / 2));
    console.log(
      `${KEYS} keys: ${shownCount} shown, ${JSON.stringify(Object.fromEntries(from))}; heap ${perKey.toFixed(0)} bytes a key over the second half`,
    );
    expect(stale).toEqual([]);
    expect(running.most()).toBe(1);
    expect(waiting.most()).toBe(1);
    // A control: the keys did come to all these ways.
    for (const way of ['engine', 'cache', 'typed-ahead', 'prefetched', 'cancelled'] satisfies (
      | Decision['kind']
      | 'engine'
      | 'cache'
      | 'typed-ahead'
      | 'prefetched'
    )[])
      expect(from.get(way) ?? 0).toBeGreaterThan(10);
    // After few keys what the rest of the process does shows more.
    expect(perKey).toBeLessThan(tried(1000, 200));
  },
);
