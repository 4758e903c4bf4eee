/** What one query comes to: the place, the plan for it, the request, and all that its answer depends on. */

import type { GateLimits } from '../text/gate.ts';
import { type GhostPlace, type GhostPlan, planGhost } from '../text/ghost.ts';
import { secretIn } from '../text/secrets.ts';
import { type CompletionQuery, type CompletionRequest, requestFor } from './completion-query.ts';
import type { SettingValues } from './setting-rules.ts';

export interface CompletionTask {
  readonly place: GhostPlace;
  readonly explicit: boolean;
  readonly plan: GhostPlan | { readonly kind: 'skip'; readonly rule: 'secret-text' };
  readonly request: CompletionRequest;
  readonly limits: GateLimits;
  /** All besides the request that its answer depends on, as one text. */
  readonly rules: string;
}

/** `mix` says who answers and how they are mixed, as one text. */
export function taskFor(
  query: Omit<CompletionQuery, 'read' | 'selected'>,
  place: GhostPlace,
  { values, mix }: { readonly values: SettingValues; readonly mix: string },
): CompletionTask {
  const { explicit } = query;
  const mode = values['completion.multiline'];
  const limits = {
    minConfidence: values['completion.minConfidence'],
    minAgreement: values['completion.minAgreement'],
  };
  const request = requestFor(query, place, values);
  const { prefix, suffix } = request.prompt;
  const isSecret = secretIn(prefix + suffix) !== undefined;
  return {
    place,
    explicit,
    plan: isSecret ? { kind: 'skip', rule: 'secret-text' } : planGhost(place, mode, explicit),
    request,
    // Who asks by command wants to see it, however unsure the experts are.
    limits: explicit ? { minConfidence: 0, minAgreement: 0 } : limits,
    rules: JSON.stringify([mix, mode, limits]),
  };
}

/** The same for two tasks that have the same answer. */
export function keyOf({ request, rules }: CompletionTask): string {
  return JSON.stringify([rules, request]);
}
