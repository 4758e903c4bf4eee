/**
 * Completions, one at a time, without the editor: when to ask, when to wait, when to give up an earlier request, and a
 * trace of each decision.
 */

import type { GhostPlace } from '../text/ghost.ts';
import { type Answer, type AskedEngine, cancelled, type ShownAnswer } from './completion-answer.ts';
import { alternativesTo, createCompletionAnswers, distinct } from './completion-answers.ts';
import { type CompletionQuery, placeOf } from './completion-query.ts';
import { type RefusalPorts, refusal } from './completion-refusal.ts';
import { type CompletionTask, keyOf, taskFor } from './completion-task.ts';
import { createPrefetch } from './prefetch.ts';
import type { Trace } from './trace.ts';
import { createTypingRhythm } from './typing-rhythm.ts';

/** `text` stands in for `left` characters before the cursor and `right` after it, all on the cursor's line. */
export interface Suggestion {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly from: ShownAnswer['decision']['from'];
}

export interface CompletionDependencies extends AskedEngine, RefusalPorts {
  /** Who answers and how they are mixed, as one text: an answer of others is not given again. */
  mix(): string;
  /** The ids of the experts that take part in completions. */
  experts(): readonly string[];
  /** Resolves early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
  readonly trace: Trace;
}

export interface CompletionSession {
  /**
   * The best first; several where the user asks by command. Never rejects. Gives up at once when `signal` aborts or a newer
   * query comes.
   */
  suggest(query: CompletionQuery, signal: AbortSignal): Promise<readonly Suggestion[]>;
  /** A suggestion was taken whole: what follows it is asked for ahead, unless something else is being asked. */
  accepted(suggestion: Suggestion): void;
}

interface Decided {
  readonly answers: readonly [Answer, ...Answer[]];
  readonly task?: CompletionTask;
  /** How long was waited, or would have been. */
  readonly pauseMs?: number;
}

/** How long who asks by command waits for further suggestions after the first. */
const ALTERNATIVES_MS = 2000;

export function createCompletionSession(dependencies: CompletionDependencies): CompletionSession {
  const { trace, now, settings, mix, pause } = dependencies;
  const answers = createCompletionAnswers(dependencies);
  const prefetch = createPrefetch();
  const rhythm = createTypingRhythm();
  const followers = new WeakMap<
    Suggestion,
    { readonly query: CompletionQuery; readonly place: GhostPlace }
  >();
  let newest: AbortController | undefined;
  let underWay = 0;

  const ask = async (task: CompletionTask, signal: AbortSignal): Promise<Answer> => {
    underWay++;
    const answer = await answers.ask(task, signal);
    underWay--;
    return answer;
  };

  const decide = async (query: CompletionQuery, signal: AbortSignal): Promise<Decided> => {
    const because = refusal(query, dependencies);
    if (because !== undefined) return { answers: [{ decision: { kind: 'skipped', because } }] };
    const values = settings();
    const task = taskFor(query, placeOf(query), { values, mix: mix() });
    const key = keyOf(task);
    const settled = async (): Promise<Answer> =>
      signal.aborted ? cancelled('waiting') : (answers.known(task) ?? ask(task, signal));
    if (query.explicit) {
      // Otherwise asked in the same turn, so that nothing is asked for ahead in between.
      if (prefetch.isUnderWay()) await prefetch.join(key, signal);
      const first = await settled();
      const others = first.decision.kind === 'failed' ? [] : await alternatives(task, signal);
      return { answers: [first, ...others], task };
    }
    const known = answers.known(task);
    if (known !== undefined || task.plan.kind === 'skip')
      return { answers: [known ?? (await ask(task, signal))], task };
    if (await prefetch.join(key, signal)) return { answers: [await settled()], task };
    const pauseMs = rhythm.pause(values['completion.debounce']);
    await pause(pauseMs, signal);
    // The editor asks for what follows an accepted suggestion before it tells that it was accepted.
    await prefetch.join(key, signal);
    const answer = await settled();
    rhythm.ended(answer.decision.kind === 'cancelled' ? 'given-up' : 'answered');
    return { answers: [answer], task, pauseMs };
  };

  const alternatives = async (task: CompletionTask, signal: AbortSignal): Promise<readonly Answer[]> => {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    void pause(ALTERNATIVES_MS, either).then(() => over.abort());
    const found: Answer[] = [];
    for (const other of alternativesTo(task, dependencies.experts())) {
      if (either.aborted) break;
      found.push(answers.known(other) ?? (await ask(other, either)));
    }
    over.abort();
    return found;
  };

  return {
    async suggest(query, signal) {
      newest?.abort();
      const mine = new AbortController();
      newest = mine;
      const start = now();
      if (!query.explicit) rhythm.pressed(start);
      const { answers: found, task, pauseMs } = await decide(query, AbortSignal.any([signal, mine.signal]));
      const shown = distinct(found);
      const { decision } = shown[0] ?? found[0];
      trace.add({
        at: start,
        languageId: query.languageId,
        trigger: query.explicit ? 'command' : 'typing',
        decision:
          decision.kind === 'cancelled' ? { ...decision, by: signal.aborted ? 'editor' : 'newer' } : decision,
        ms: now() - start,
        ...(pauseMs !== undefined && { pauseMs }),
        ...(shown.length > 1 && { choices: shown.length }),
      });
      return shown.map((answer) => {
        const suggestion = suggestionOf(query, answer);
        if (task !== undefined) followers.set(suggestion, { query, place: placeAfter(task.place, answer) });
        return suggestion;
      });
    },
    accepted(suggestion) {
      const follower = followers.get(suggestion);
      if (follower === undefined || underWay > 0) return;
      const query = { ...follower.query, explicit: false };
      if (refusal(query, dependencies) !== undefined) return;
      const task = taskFor(query, follower.place, { values: settings(), mix: mix() });
      if (answers.known(task) !== undefined || task.plan.kind === 'skip') return;
      prefetch.start(keyOf(task), (signal) => answers.ask(task, signal, 'prefetched'));
    },
  };
}

function suggestionOf({ selected }: CompletionQuery, answer: ShownAnswer): Suggestion {
  const { text = '', left = 0, right = 0 } = selected ?? {};
  return { text: text + answer.text, left, right: right + answer.replaceRight, from: answer.decision.from };
}

/** The place at the end of an accepted answer. */
function placeAfter(place: GhostPlace, { text, replaceRight }: ShownAnswer): GhostPlace {
  return { ...place, before: place.before + text, after: place.after.slice(replaceRight) };
}
