/**
 * One completion at a time, without the editor: when to ask, when to wait, when to give up an earlier request, and a
 * trace of each decision.
 */

import type { GateLimits } from '../text/gate.ts';
import { planGhost } from '../text/ghost.ts';
import { type Answer, type AskedEngine, ask, cancelled, isShown } from './completion-answer.ts';
import { createCompletionCache } from './completion-cache.ts';
import { type CompletionQuery, placeOf, requestFor } from './completion-query.ts';
import type { SettingValues } from './setting-rules.ts';
import type { Decision, Trace } from './trace.ts';

/** `text` stands in for `left` characters before the cursor and `right` after it, all on the cursor's line. */
export interface Suggestion {
  readonly text: string;
  readonly left: number;
  readonly right: number;
}

export interface CompletionDependencies extends AskedEngine {
  settings(): SettingValues;
  /** Who answers and how they are mixed, as one text: an answer of others is not given again. */
  mix(): string;
  /** Resolves early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
  readonly trace: Trace;
}

export interface CompletionSession {
  /** Never rejects. Gives up at once when `signal` aborts or a newer query comes. */
  suggest(query: CompletionQuery, signal: AbortSignal): Promise<Suggestion | undefined>;
}

export function createCompletionSession(dependencies: CompletionDependencies): CompletionSession {
  const { trace, now } = dependencies;
  const cache = createCompletionCache();
  let newest: AbortController | undefined;

  const decide = async (query: CompletionQuery, signal: AbortSignal): Promise<Answer> => {
    const values = dependencies.settings();
    const refused = refusal(query, values);
    if (refused !== undefined) return { decision: refused };
    const place = placeOf(query);
    const request = requestFor(query, place, values);
    const rules = rulesOf(dependencies.mix(), values);
    const known = cache.find(request, rules);
    // Who asks by command is not put off with "nothing", which may have been an accident of the rules.
    if (known !== undefined && (isShown(known) || !query.explicit)) return known;
    const plan = planGhost(place, values['completion.multiline'], query.explicit);
    if (plan.kind === 'skip') return { decision: { kind: 'skipped', because: plan.rule } };
    if (!query.explicit) await dependencies.pause(values['completion.debounce'], signal);
    if (signal.aborted) return cancelled('waiting');
    const { multiline, stop } = plan;
    const limits = query.explicit ? unlimited : limitsOf(values);
    const answer = await ask(dependencies, { ...request, stop }, { place, multiline, limits, signal });
    cache.keep(request, rules, answer, 'asked');
    return answer;
  };

  return {
    async suggest(query, signal) {
      newest?.abort();
      const mine = new AbortController();
      newest = mine;
      const start = now();
      const answer = await decide(query, AbortSignal.any([signal, mine.signal]));
      trace.add({
        at: start,
        languageId: query.languageId,
        trigger: query.explicit ? 'command' : 'typing',
        decision: answer.decision,
        ms: now() - start,
      });
      if (!isShown(answer)) return undefined;
      const { text = '', left = 0, right = 0 } = query.selected ?? {};
      return { text: text + answer.text, left, right: right + answer.replaceRight };
    },
  };
}

/** All besides the request that an answer depends on. */
function rulesOf(mix: string, values: SettingValues): string {
  return JSON.stringify([mix, values['completion.multiline'], limitsOf(values)]);
}

function limitsOf(values: SettingValues): GateLimits {
  return {
    minConfidence: values['completion.minConfidence'],
    minAgreement: values['completion.minAgreement'],
  };
}

/** Who asks by command wants to see it, however unsure the experts are. */
const unlimited: GateLimits = { minConfidence: 0, minAgreement: 0 };

function refusal(
  query: CompletionQuery,
  values: SettingValues,
): (Decision & { kind: 'skipped' }) | undefined {
  if (!values['completion.enabled'] && !query.explicit) return { kind: 'skipped', because: 'disabled' };
  if (values['completion.languages'][query.languageId] === false && !query.explicit) {
    return { kind: 'skipped', because: 'language-disabled' };
  }
  if (values['experts.active'].length === 0) return { kind: 'skipped', because: 'no-expert' };
  return undefined;
}
