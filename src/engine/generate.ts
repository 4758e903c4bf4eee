/** One request: its prompts, the decode loop over the live mixture, and the text that streams back. */

import type { ByteCost } from '../core/byte-followers.ts';
import { END_OF_BYTES } from '../core/byte-vocabulary.ts';
import { mustBeginWith } from '../core/constraint.ts';
import { type DecodeEnd, decode } from '../core/decode.ts';
import { decodeBytes } from '../core/decode-bytes.ts';
import { DecodeError } from '../core/decode-error.ts';
import { promptLookup } from '../core/lookup.ts';
import type { Mix } from '../core/mix.ts';
import { seededRandom } from '../core/random.ts';
import type { DecodeOptions, Step } from '../core/step.ts';
import { stopMatcher } from '../core/stop.ts';
import { untilAborted } from '../protocol/abort.ts';
import type { Delta, Generated, GenerateRequest, StopReason, TokenTrace } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { LoadedExpert } from '../runtime/expert.ts';
import { byteMixOf } from './by-bytes.ts';
import type { Experts } from './experts.ts';
import { grammarFor } from './grammar.ts';
import { byExpert, createMixture, type LiveMix } from './mixture.ts';
import type { TemplateRenderer } from './template.ts';
import type { Turn, Turns } from './turns.ts';

export interface GenerateOptions {
  readonly experts: Experts;
  readonly templates: TemplateRenderer;
  readonly turns: Turns;
  readonly signal: AbortSignal;
  readonly onDelta: (delta: Delta) => void;
  /** Milliseconds from any fixed moment. */
  readonly clock: () => number;
}

/** Total variation between a mixture and the expert that may answer in its place, unless a request says otherwise. */
const ROUTE_WITHIN = 0.1;

const urgency = { completion: 1, chat: 0 } as const;

/** Rejects with a `ChorusError` where nothing could be generated; a cancelled request gives what there was. */
export async function generate(request: GenerateRequest, options: GenerateOptions): Promise<Generated> {
  const { experts, turns, signal } = options;
  await untilAborted(experts.load(), signal);
  const turn = await turns.take(urgency[request.surface]);
  try {
    if (signal.aborted) throw new ChorusError('cancelled', 'The request was cancelled.');
    return await generateInTurn(request, options, turn);
  } catch (thrown) {
    // What core says of a model: numbers that are not finite, or nothing left to draw.
    if (!(thrown instanceof DecodeError)) throw thrown;
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
  options: GenerateOptions,
  turn: Turn,
): Promise<Generated> {
  const { experts, templates, signal, onDelta, clock } = options;
  const began = clock();
  const { route = 'never', routeWithin = ROUTE_WITHIN } = request;
  const mixture = createMixture(
    experts,
    request.prompt,
    templates,
    signal,
    route === 'auto' ? routeWithin : undefined,
  );
  const first = await mixture.now();
  const lead = first.participants[0];
  if (lead === undefined) throw nobody(experts);

  const reusedTokens: Record<string, number> = {};
  const { tokenizer } = lead.expert;
  // Where the prompt is raw text the model may write its own markup; a user's text never gets any.
  const raw = request.prompt.kind === 'text';
  const ends = new Set<number>();
  const banned = new Set(raw ? [] : tokenizer.specialIds);
  /** Every expert that takes part, also one that joins later, may end the answer in its own way. */
  const admit = (mix: LiveMix): LiveMix => {
    for (const { expert } of mix.participants) {
      for (const id of expert.endTokens) {
        ends.add(id);
        banned.delete(id);
      }
    }
    return mix;
  };
  const opening = new TextEncoder().encode(lead.opening);
  const grammar =
    request.grammar && grammarFor(request.grammar, { unit: first.unit, tokenizer, opening, ends });
  /** Bytes the user has already: by tokens drawn again, never shown again. */
  let owed = first.unit === 'token' ? opening.length : 0;
  let cost: ByteCost | undefined;
  const text = new TextDecoder('utf-8', { ignoreBOM: true });
  const stops = stopMatcher(request.stop);
  const tally = createTally(first);
  const trace: TokenTrace[] = [];
  let answer = '';
  let prefilled = began;
  let stop: StopReason | undefined;

  const emit = (piece: string): void => {
    answer += piece;
    if (piece !== '')
      onDelta({ text: piece, tokens: tally.ids.length, unit: first.unit, shares: tally.shares() });
  };

  const mixNow = async (): Promise<LiveMix> => {
    await turn.pass();
    return mixture.now();
  };
  const common = {
    sampling: request.sampling,
    random: seededRandom(request.sampling.seed),
    maxTokens: request.maxTokens,
    observe: request.trace,
    signal,
  };
  const steps =
    first.unit === 'byte'
      ? decodeBytes({
          ...common,
          mix: async () => byteMixOf(await mixNow()),
          constraint: grammar,
          tolerance: 0,
          onCost: (now) => {
            cost = now;
          },
        })
      : decode({
          ...common,
          mix: async () => admit(await mixNow()),
          stopTokens: ends,
          bannedTokens: banned,
          constraint: grammar ?? (owed === 0 ? undefined : mustBeginWith(opening, tokenizer.bytes)),
          ...accelerated(request),
        });
  const spelled = (token: number): Uint8Array => {
    if (first.unit === 'byte') return token === END_OF_BYTES ? new Uint8Array(0) : Uint8Array.of(token);
    return ends.has(token) ? new Uint8Array(0) : tokenizer.bytes(token);
  };
  for (;;) {
    const { done, value } = await steps.next();
    if (done) {
      stop ??= value satisfies DecodeEnd;
      break;
    }
    if (tally.ids.length === 0) {
      prefilled = clock();
      for (const { expert } of value.participants)
        reusedTokens[expert.name] = (expert as LoadedExpert).reused;
    }
    tally.add(value);
    const bytes = spelled(value.token);
    const piece = text.decode(bytes.subarray(owed), { stream: true });
    owed = Math.max(0, owed - bytes.length);
    if (request.trace) trace.push(traceOf(value, piece));
    const match = stops.push(piece);
    emit(match.emit);
    if (match.stopped) {
      stop = 'stop';
      break;
    }
    if (grammar?.isComplete()) {
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
  return {
    text: answer,
    unit: first.unit,
    ids: tally.ids,
    stop,
    shares: tally.shares(),
    weights: tally.weights(),
    ...(mixture.routed() !== undefined && { routed: mixture.routed() as string }),
    promptTokens: Object.fromEntries([...mixture.prompts()].map(([id, ids]) => [id, ids.length])),
    reusedTokens,
    ms: { prefill: prefilled - began, decode: clock() - prefilled },
    ...(cost !== undefined && { evaluations: cost.evaluations }),
    ...(request.trace && { trace }),
  };
}

/** What `accelerate` asks of the decode loop. */
function accelerated({ accelerate, sampling }: GenerateRequest): Pick<DecodeOptions, 'asking' | 'drafts'> {
  switch (accelerate) {
    case 'none':
      return {};
    case 'lookup':
      return { drafts: promptLookup() };
    case 'inTurn':
    case 'lazily':
      return { asking: accelerate };
    case 'auto':
      return { drafts: promptLookup(), asking: sampling.temperature === 0 ? 'lazily' : 'together' };
    default:
      return accelerate satisfies never;
  }
}

interface Tally {
  readonly ids: number[];
  add(step: Step): void;
  /** Mean share of each expert over all tokens. */
  shares(): Record<string, number>;
  /** Those of the last token, or those it starts with. */
  weights(): Record<string, number>;
}

function createTally(first: Mix): Tally {
  const ids: number[] = [];
  const sums: Record<string, number> = {};
  let weights = byExpert(
    first.participants,
    first.participants.map(({ weight }) => weight),
  );
  return {
    ids,
    add(step) {
      ids.push(step.token);
      weights = byExpert(step.participants, step.weights);
      for (const [i, { expert }] of step.participants.entries()) {
        sums[expert.name] = (sums[expert.name] ?? 0) + (step.shares[i] ?? 0);
      }
    },
    shares: () => Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / ids.length])),
    weights: () => weights,
  };
}

function traceOf(step: Step, text: string): TokenTrace {
  return {
    id: step.token,
    text,
    logProb: step.logProb,
    shares: byExpert(step.participants, step.shares),
    weights: byExpert(step.participants, step.weights),
    entropy: step.entropy,
    agreement: step.agreement,
    evaluated: step.participants.flatMap(({ expert }, i) => (step.evaluated[i] ? [expert.name] : [])),
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
