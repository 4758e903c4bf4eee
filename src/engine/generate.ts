/** One request: its prompts, the decode loop over the live mixture, and the text that streams back. */

import type { DecodeEnd } from '../core/decode.ts';
import { DecodeError, NothingToDraw } from '../core/decode-error.ts';
import { stopMatcher } from '../core/stop.ts';
import { untilAborted } from '../protocol/abort.ts';
import type { Delta, Generated, GenerateRequest, StopReason, TokenTrace } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { LoadedExpert } from '../runtime/expert.ts';
import { blockEnd } from './block.ts';
import { draw } from './drawing.ts';
import type { Experts } from './experts.ts';
import { createMixture, type MixtureSource } from './mixture.ts';
import { mixtureSource } from './request-mix.ts';
import type { Syntax } from './syntax.ts';
import { createTally, traceOf } from './tally.ts';
import type { TemplateRenderer } from './template.ts';
import type { Turn, Turns } from './turns.ts';

export interface GenerateOptions {
  readonly experts: Experts;
  readonly templates: TemplateRenderer;
  readonly turns: Turns;
  readonly syntax: Syntax;
  readonly signal: AbortSignal;
  readonly onDelta: (delta: Delta) => void;
  /** Milliseconds from any fixed moment. */
  readonly clock: () => number;
}

/** Total variation between a mixture and the expert that may answer in its place, unless a request says otherwise. */
export const ROUTE_WITHIN = 0.1;

const urgency = { completion: 1, chat: 0 } as const;

/** Rejects with a `ChorusError` where nothing could be generated; a cancelled request gives what there was. */
export async function generate(request: GenerateRequest, options: GenerateOptions): Promise<Generated> {
  const { experts, signal } = options;
  await untilAborted(experts.load(), signal);
  const lending = mixtureSource(experts, request, signal);
  try {
    const { source } = await untilAborted(lending, signal);
    return await generateWith(request, options, source);
  } finally {
    // Also what comes only when nobody waits for it any more; a failed one has given back itself.
    void lending.then(({ giveBack }) => giveBack()).catch(() => {});
  }
}

async function generateWith(
  request: GenerateRequest,
  options: GenerateOptions,
  source: MixtureSource,
): Promise<Generated> {
  const { turns, signal } = options;
  const taken = turns.take(urgency[request.surface]);
  const turn = await untilAborted(taken, signal).catch((thrown: unknown) => {
    // The turn of a request that does not wait for it any more.
    void taken.then((late) => late.end());
    throw thrown;
  });
  try {
    if (signal.aborted) throw new ChorusError('cancelled', 'The request was cancelled.');
    return await generateInTurn(request, { ...options, source }, turn);
  } catch (thrown) {
    // What core says of a model: numbers that are not finite, or nothing left to draw.
    if (!(thrown instanceof DecodeError)) throw thrown;
    if (thrown instanceof NothingToDraw && request.grammar !== undefined) {
      throw new ChorusError(
        'request-invalid',
        'No token of these models can go on with the grammar here. Check that the grammar can end where it should, and write it with characters that the models have.',
      );
    }
    throw new ChorusError(
      'model-invalid',
      `An expert cannot go on: ${thrown.message}. Turn it off, or choose another model.`,
    );
  } finally {
    turn.end();
  }
}

async function generateInTurn(
  request: GenerateRequest,
  options: GenerateOptions & { readonly source: MixtureSource },
  turn: Turn,
): Promise<Generated> {
  const { experts, source, templates, syntax, signal, onDelta, clock } = options;
  const began = clock();
  const { route = 'never', routeWithin = ROUTE_WITHIN } = request;
  const mixture = createMixture(
    source,
    request.prompt,
    templates,
    signal,
    // A grammar can make a small difference large.
    route === 'auto' && request.grammar === undefined ? routeWithin : undefined,
  );
  const first = await mixture.now();
  if (first.participants.length === 0) throw nobody(experts);

  const drawing = draw(request, {
    first,
    mix: async () => {
      await turn.pass();
      return mixture.now();
    },
    signal,
  });
  const { unit } = drawing;
  let { owed } = drawing;
  const text = new TextDecoder('utf-8', { ignoreBOM: true });
  const stops = stopMatcher(request.stop);
  const tally = createTally(first);
  const isTraced = request.trace || request.alternatives !== undefined;
  const trace: TokenTrace[] = [];
  let told = 0;
  const reusedTokens: Record<string, number> = {};
  let answer = '';
  let prefilled = began;
  let stop: StopReason | undefined;

  const emit = (piece: string): void => {
    answer += piece;
    if (piece === '') return;
    onDelta({
      text: piece,
      tokens: tally.ids.length,
      unit,
      shares: tally.shares(),
      origin: tally.piece(),
      ...(request.alternatives !== undefined && { trace: trace.slice(told) }),
    });
    told = trace.length;
  };

  for (;;) {
    const { done, value } = await drawing.steps.next();
    if (done) {
      stop ??= value satisfies DecodeEnd;
      break;
    }
    if (tally.ids.length === 0) {
      prefilled = clock();
      for (const { expert } of value.participants)
        reusedTokens[expert.name] = mixture.reused(expert as LoadedExpert);
    }
    tally.add(value);
    const bytes = drawing.spelled(value.token);
    const piece = text.decode(bytes.subarray(owed), { stream: true });
    owed = Math.max(0, owed - bytes.length);
    if (isTraced) trace.push(traceOf(value, piece, drawing.spelled));
    const match = stops.push(piece);
    emit(match.emit);
    if (match.emit.includes('\n') && request.endsWithBlock === true && request.prompt.kind === 'infill') {
      const end = await blockEnd(request.prompt, answer, syntax);
      if (end !== undefined) {
        answer = answer.slice(0, end);
        stop = 'stop';
        break;
      }
    }
    if (match.stopped) {
      stop = 'stop';
      break;
    }
    if (drawing.isComplete()) {
      stop = 'end';
      break;
    }
  }
  if (stop !== 'stop') {
    // Bytes of a character that was cut off are dropped.
    const rest = stops.flush();
    emit(rest.emit);
    if (rest.stopped) stop = 'stop';
  }
  const evaluations = drawing.evaluations();
  return {
    text: answer,
    unit,
    ids: tally.ids,
    stop,
    shares: tally.shares(),
    weights: tally.weights(),
    ...(mixture.routed() !== undefined && { routed: mixture.routed() as string }),
    promptTokens: Object.fromEntries([...mixture.prompts()].map(([id, ids]) => [id, ids.length])),
    reusedTokens,
    ms: { prefill: prefilled - began, decode: clock() - prefilled },
    ...(evaluations !== undefined && { evaluations }),
    ...(isTraced && { trace }),
  };
}

/** Why nobody takes part: nobody was asked to, or all that were failed. */
function nobody(experts: Experts): ChorusError {
  const failed = experts.statuses().find(({ state }) => state.kind === 'failed');
  if (failed?.state.kind === 'failed') {
    const { code, message, file } = failed.state.failure;
    return new ChorusError(code, `No expert can answer. '${failed.id}': ${message}`, file);
  }
  return new ChorusError(
    'no-expert',
    "No expert takes part. Tick one in the Experts view, or run 'Chorus: Choose Experts', and give it a weight above 0.",
  );
}
