/** One request to the engine and what of its answer is worth showing. Every failure ends here as "no suggestion". */

import { untilAborted } from '../protocol/abort.ts';
import type { Delta, GenerateOutcome, GenerateRequest } from '../protocol/engine.ts';
import type { CallOptions } from '../protocol/rpc.ts';
import { type Certainty, certaintyOf, type GateLimits, gate, isFirstLineWhole } from '../text/gate.ts';
import { type GhostPlace, shapeGhost } from '../text/ghost.ts';
import { openingOf } from '../text/infill.ts';
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
  readonly limits: GateLimits;
  readonly signal: AbortSignal;
}

/** Never rejects; gives up at once when the signal aborts. What is certain to be kept back is not written to its end. */
export async function ask(
  engine: AskedEngine,
  request: CompletionRequest,
  { place, multiline, limits, signal }: AskOptions,
): Promise<Answer> {
  let stage: CancelStage = engine.isStarting() ? 'starting' : 'generating';
  const pieces: Delta[] = [];
  const wordBegun = openingOf(request.prompt.prefix).trim() !== '';
  const keptBack = new AbortController();
  const onUpdate = (piece: Delta): void => {
    stage = 'generating';
    pieces.push(piece);
    const decided = isFirstLineWhole(pieces) && gate(certaintyOf(pieces, { wordBegun }), limits);
    if (decided) keptBack.abort();
  };
  const either = AbortSignal.any([signal, keptBack.signal]);
  // The engine may hand back what it has a little later; nobody waits for that here.
  const outcome = await untilAborted(engine.generate(request, { signal: either, onUpdate }), either).catch(
    () => undefined,
  );
  if (signal.aborted) return cancelled(stage);
  const certainty = certaintyOf(pieces, { wordBegun });
  const gated = gate(certainty, limits);
  if (keptBack.signal.aborted && gated !== undefined) return { decision: { kind: 'gated', ...gated } };
  if (outcome === undefined) return cancelled(stage);
  if (outcome.kind === 'failed') {
    const { code, message } = outcome.failure;
    return code === 'cancelled' ? cancelled(stage) : { decision: { kind: 'failed', code, message } };
  }
  const { text, stop, unit } = outcome.result;
  if (stop === 'cancelled') return cancelled(stage);
  const ghost = shapeGhost(text, { ...place, multiline, truncated: stop === 'length' });
  if (ghost.kind === 'nothing') return { decision: { kind: 'filtered', rule: ghost.rule } };
  if (gated !== undefined) return { decision: { kind: 'gated', ...gated } };
  return shownAnswer(ghost, unit === 'byte' ? 'bytes' : 'engine', certainty);
}

export function shownAnswer(
  { text, replaceRight }: Pick<ShownAnswer, 'text' | 'replaceRight'>,
  from: ShownAnswer['decision']['from'],
  certainty: Certainty,
): ShownAnswer {
  const lines = text.split('\n').length;
  return { decision: { kind: 'shown', chars: text.length, lines, from, ...certainty }, text, replaceRight };
}

/** By whom, the session knows. */
export function cancelled(stage: CancelStage): Answer {
  return { decision: { kind: 'cancelled', stage, by: 'editor' } };
}
