/**
 * One edit session typed through the real completion session. The typist is careful: takes a suggestion only where it is what comes
 * next anyway, after reading it, and types on meanwhile.
 */

import type { CompletionQuery } from '../../src/extension/completion-query.ts';
import {
  type CompletionDependencies,
  createCompletionSession,
  type Suggestion,
} from '../../src/extension/completion-session.ts';
import { checkSettings, type SettingName } from '../../src/extension/setting-rules.ts';
import { createTrace, type Trace, type TraceEntry } from '../../src/extension/trace.ts';
import type { Certainty } from '../../src/text/gate.ts';
import type { GhostPlace } from '../../src/text/ghost.ts';
import { type EditSession, type Key, keysOf, keystrokes } from './session.ts';
import { type AnsweringEngine, createTimedEngine, type EngineRun } from './timed-engine.ts';
import { createVirtualTime } from './virtual-time.ts';

/** From when a suggestion appears until it is read and Tab pressed; it must stand there until then. */
export const READ_MS = 250;
/** Nobody reads a suggestion to save a key. */
const LEAST_CHARACTERS = 3;

export interface ReplayOptions {
  readonly engine: AnsweringEngine;
  /** Other than the defaults. */
  readonly settings?: Partial<Record<SettingName, unknown>>;
  readonly mix?: CompletionDependencies['mix'];
}

export interface Replayed {
  /** Keys of the session, and what they write. */
  readonly keys: number;
  readonly characters: number;
  /** Keys that were pressed in the end, each Tab one of them. */
  readonly pressed: number;
  readonly accepted: readonly string[];
  readonly shown: readonly Shown[];
  readonly trace: readonly TraceEntry[];
  readonly runs: readonly EngineRun[];
}

/** A suggestion and what became of it. Typed along with, or with its first line taken, it is still the same. */
export interface Shown {
  /** As the gate had it. */
  readonly certainty: Certainty;
  /** Requests of the editor after which it stood there. */
  times: number;
  /** At one of them the typist would have taken something of it, given the time to read it. */
  isRight: boolean;
  /** Characters. */
  accepted: number;
}

interface Seen {
  readonly suggestion: Suggestion;
  /** The text before the cursor if it were taken. */
  readonly leadsTo: string;
  readonly since: number;
  readonly shown: Shown;
}

export async function replay(
  session: EditSession,
  { engine, settings = {}, mix = () => 'the mix' }: ReplayOptions,
): Promise<Replayed> {
  const time = createVirtualTime();
  let before = session.start.slice(0, session.cursor);
  let after = session.start.slice(session.cursor);
  const timed = createTimedEngine(engine, time, { before: () => before, nextKey: () => nextKey });
  const trace = createTrace(Number.POSITIVE_INFINITY);
  const { values, problems } = checkSettings((name) => settings[name]);
  if (problems.length > 0) throw new Error(problems.join(' '));
  const completions = createCompletionSession({
    settings: () => values,
    mix,
    experts: () => values['experts.active'],
    isStarting: () => false,
    isSnoozed: () => false,
    isOnBattery: () => false,
    isSecretFile: () => false,
    generate: timed.generate,
    pause: time.pause,
    now: time.now,
    trace,
  });

  const keys = keysOf(session);
  const accepted: string[] = [];
  const shown: Shown[] = [];
  let at = 0;
  let nextKey = Number.POSITIVE_INFINITY;
  let pressed = 0;
  let asking = new AbortController();
  let seen: Seen | undefined;
  let isVisible = false;

  const ask = (): void => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const place = { before, after };
    const start = time.now();
    const query: CompletionQuery = {
      path: `/${session.file}`,
      languageId: session.languageId,
      file: session.file,
      explicit: false,
      selected: undefined,
      chunks: () => [],
      read: () => place,
    };
    void completions.suggest(query, signal).then(([suggestion]) => {
      if (signal.aborted || suggestion === undefined) return;
      const leadsTo = place.before + suggestion.text;
      markSource(timed.runs, place.before, suggestion.text, 'seen');
      isVisible = true;
      // Typing along leaves the same text there, to be read on.
      const same = seen?.leadsTo === leadsTo ? seen : undefined;
      const since = same?.since ?? time.now();
      const mine: Seen = {
        suggestion,
        leadsTo,
        since,
        shown: shownAgain(same?.shown, certaintyAt(trace, start)),
      };
      mine.shown.times++;
      mine.shown.isRight ||= whatIsTaken(suggestion, { keys: keys.slice(at), after }) !== undefined;
      seen = mine;
      time.at(since + READ_MS, () => seen === mine && isVisible && take(mine));
    });
  };

  /** The experts may come to the same text again, and be as sure of it or not. */
  const shownAgain = (before: Shown | undefined, certainty: Certainty): Shown => {
    if (before !== undefined && JSON.stringify(before.certainty) === JSON.stringify(certainty)) return before;
    const another: Shown = { certainty, times: 0, isRight: false, accepted: 0 };
    shown.push(another);
    return another;
  };

  const press = (key: Key): void => {
    pressed++;
    isVisible = false;
    ({ before, after } = placeAfter(key, { before, after }));
    // Editors ask after a change, not after a move.
    if (key.kind === 'move') asking.abort();
    else ask();
  };

  const take = ({ suggestion, shown: mine }: Seen): void => {
    const taken = whatIsTaken(suggestion, { keys: keys.slice(at), after });
    if (taken === undefined) return;
    markSource(timed.runs, before, suggestion.text, 'accepted');
    accepted.push(taken);
    mine.accepted += taken.length;
    pressed++;
    isVisible = false;
    before += taken;
    at += keystrokes(taken).length;
    typeOn();
    // The editor asks for what follows before it tells that the suggestion was accepted; of part of one it does not tell.
    ask();
    if (taken.length + suggestion.right >= suggestion.text.length) completions.accepted(suggestion);
  };

  /** The next key, unless a suggestion is taken before. */
  const typeOn = (): void => {
    const expected = at;
    const key = keys[at];
    nextKey = key === undefined ? Number.POSITIVE_INFINITY : time.now() + key.after;
    if (key === undefined) return;
    time.at(nextKey, () => {
      if (at !== expected) return;
      at++;
      typeOn();
      press(key);
    });
  };

  typeOn();
  await time.run();
  const characters = keys.reduce((sum, key) => sum + (key.kind === 'type' ? key.text.length : 0), 0);
  const entries = trace.entries().toReversed();
  return { keys: keys.length, characters, pressed, accepted, shown, trace: entries, runs: timed.runs };
}

/** Of what was shown to the request that began at that moment. */
function certaintyAt(trace: Trace, start: number): Certainty {
  const entry = trace.entries().find(({ at, decision }) => at === start && decision.kind === 'shown');
  if (entry?.decision.kind !== 'shown') throw new Error('A suggestion was shown that is not in the trace.');
  const { confidence, agreement } = entry.decision;
  return { ...(confidence !== undefined && { confidence }), ...(agreement !== undefined && { agreement }) };
}

function placeAfter(key: Key, { before, after }: GhostPlace): GhostPlace {
  switch (key.kind) {
    case 'type':
      return { before: before + key.text, after };
    case 'delete':
      return { before: before.slice(0, -1), after };
    case 'move': {
      const text = before + after;
      return { before: text.slice(0, key.to), after: text.slice(key.to) };
    }
    default:
      return key satisfies never;
  }
}

/**
 * All of the suggestion, or its first line (the editor's command for that), where it is what the keys up to the next deletion or move
 * write; whole words only, since nobody takes half a word for right.
 */
export function whatIsTaken(
  { text, right }: Pick<Suggestion, 'text' | 'right'>,
  { keys, after }: { readonly keys: readonly Key[]; readonly after: string },
): string | undefined {
  const other = keys.findIndex(({ kind }) => kind !== 'type');
  const coming = keys
    .slice(0, other === -1 ? keys.length : other)
    .map((key) => (key.kind === 'type' ? key.text : ''))
    .join('');
  // What it stands in for is there already.
  const replaced = after.slice(0, right);
  if (!text.endsWith(replaced)) return undefined;
  const whole = text.slice(0, text.length - replaced.length);
  const firstLine = whole.slice(0, (whole.indexOf('\n', 1) + 1 || whole.length + 1) - 1);
  return [whole, firstLine].find((candidate) => {
    const inWord = /\w$/.test(candidate) && /^\w/.test(coming.slice(candidate.length));
    return candidate.length >= LEAST_CHARACTERS && coming.startsWith(candidate) && !inWord;
  });
}

/** Says of the newest run that gave this text, or the longer text that it is the rest of, what became of it. */
function markSource(
  runs: readonly EngineRun[],
  before: string,
  text: string,
  fate: 'seen' | 'accepted',
): void {
  const source = runs.findLast((run) => before.startsWith(run.before) && run.text.includes(text));
  if (source !== undefined && source.fate !== 'accepted') source.fate = fate;
}
