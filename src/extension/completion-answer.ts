/** One request to the engine and what of its answer is worth showing. Every failure ends here as "no suggestion". */

import { untilAborted } from '../protocol/abort.ts';
import type { Delta, GenerateOutcome, GenerateRequest } from '../protocol/engine.ts';
import type { CallOptions } from '../protocol/rpc.ts';
import { type GhostPlace, shapeGhost } from '../text/ghost.ts';
import type { CompletionRequest } from './completion-query.ts';
import type { CancelStage, Decision } from './trace.ts';

export interface AskedEngine {
  generate(request: GenerateRequest, options: CallOptions<Delta>): Promise<GenerateOutcome>;
  /** Whether a request would wait for the engine or its experts just now. */
  isStarting(): boolean;
}

export interface ShownAnswer {
  readonly decision: Decision & { readonly kind: 'shown' };
  readonly text: string;
  /** How many characters right of the cursor the text stands in for. */
  readonly replaceRight: number;
}

export type Answer = ShownAnswer | { readonly decision: Exclude<Decision, { readonly kind: 'shown' }> };

export function isShown(answer: Answer): answer is ShownAnswer {
  return 'text' in answer;
}

export interface AskOptions {
  readonly place: GhostPlace;
  readonly multiline: boolean;
  readonly signal: AbortSignal;
}

/** Never rejects; gives up at once when the signal aborts. */
export async function ask(
  engine: AskedEngine,
  request: CompletionRequest,
  { place, multiline, signal }: AskOptions,
): Promise<Answer> {
  let stage: CancelStage = engine.isStarting() ? 'starting' : 'generating';
  const onUpdate = (): void => {
    stage = 'generating';
  };
  // The engine may hand back what it has a little later; nobody waits for that here.
  const outcome = await untilAborted(engine.generate(request, { signal, onUpdate }), signal).catch(
    () => undefined,
  );
  if (outcome === undefined || signal.aborted) return cancelled(stage);
  if (outcome.kind === 'failed') {
    const { code, message } = outcome.failure;
    return code === 'cancelled' ? cancelled(stage) : { decision: { kind: 'failed', code, message } };
  }
  const { text, stop, unit } = outcome.result;
  if (stop === 'cancelled') return cancelled(stage);
  const ghost = shapeGhost(text, { ...place, multiline, truncated: stop === 'length' });
  if (ghost.kind === 'nothing') return { decision: { kind: 'filtered', rule: ghost.rule } };
  return shownAnswer(ghost.text, ghost.replaceRight, unit === 'byte' ? 'bytes' : 'engine');
}

export function shownAnswer(
  text: string,
  replaceRight: number,
  from: ShownAnswer['decision']['from'],
): ShownAnswer {
  return {
    decision: { kind: 'shown', chars: text.length, lines: text.split('\n').length, from },
    text,
    replaceRight,
  };
}

export function cancelled(stage: CancelStage): Answer {
  return { decision: { kind: 'cancelled', stage } };
}
