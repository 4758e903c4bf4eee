/** Answers to tasks: known ones at once, the others from the engine, one request each. */

import { gate } from '../text/gate.ts';
import { type Answer, type AskedEngine, ask, isShown, type ShownAnswer } from './completion-answer.ts';
import { createCompletionCache } from './completion-cache.ts';
import type { CompletionTask } from './completion-task.ts';

export interface CompletionAnswers {
  known(task: CompletionTask): Answer | undefined;
  /** Never rejects; gives up at once when the signal aborts. */
  ask(task: CompletionTask, signal: AbortSignal, origin?: 'asked' | 'prefetched'): Promise<Answer>;
}

export function createCompletionAnswers(engine: AskedEngine): CompletionAnswers {
  const cache = createCompletionCache();
  return {
    known({ request, rules, explicit, limits }) {
      const answer = cache.find(request, rules);
      if (answer === undefined) return undefined;
      // Who asks by command is not put off with "nothing", which a rule for typing may have made of it.
      if (!isShown(answer)) return explicit ? undefined : answer;
      // What was asked for by command passed no limit, and does not appear unasked for that.
      const gated = gate(answer.decision, limits);
      return gated === undefined ? answer : { decision: { kind: 'gated', ...gated } };
    },
    async ask({ plan, place, request, rules, limits }, signal, origin = 'asked') {
      if (plan.kind === 'skip') return { decision: { kind: 'skipped', because: plan.rule } };
      const { stop, multiline } = plan;
      const shape = multiline ? { stop, endsWithBlock: true } : { stop };
      const answer = await ask(engine, { ...request, ...shape }, { place, multiline, limits, signal });
      cache.keep(request, rules, answer, origin);
      return answer;
    },
  };
}

const ALONE = { pool: { kind: 'linear' }, weighting: 'fixed' } as const;
/** Drawn by chance where there is one expert alone. */
const SEEDS = [1, 2];
const SAMPLING = { temperature: 0.8, topP: 0.95 } as const;

/**
 * Further tasks for who asks by command, to go through one by one: what each expert says alone or, where only one takes part, what it
 * says by chance.
 */
export function alternativesTo(task: CompletionTask, experts: readonly string[]): readonly CompletionTask[] {
  const { request } = task;
  const requests =
    experts.length > 1
      ? experts.map((id) => ({ ...request, mix: { ...ALONE, weights: { [id]: 1 } } }))
      : SEEDS.map((seed) => ({ ...request, sampling: { ...request.sampling, ...SAMPLING, seed } }));
  return requests.map((one) => ({ ...task, request: one }));
}

/** Each text once, in order. */
export function distinct(answers: readonly Answer[]): readonly ShownAnswer[] {
  const byText = new Map<string, ShownAnswer>();
  for (const answer of answers) {
    if (!isShown(answer)) continue;
    const key = JSON.stringify([answer.text, answer.replaceRight]);
    if (!byText.has(key)) byText.set(key, answer);
  }
  return [...byText.values()];
}
