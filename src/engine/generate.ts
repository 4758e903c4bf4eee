/** One request: its prompts, the decode loop over the live mixture, and the text that streams back. */

import { mustBeginWith } from '../core/constraint.ts';
import { type DecodeEnd, decode, type Step } from '../core/decode.ts';
import { seededRandom } from '../core/random.ts';
import { stopMatcher } from '../core/stop.ts';
import type { Delta, Generated, GenerateRequest, StopReason, TokenTrace } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { LoadedExpert } from '../runtime/expert.ts';
import type { Experts } from './experts.ts';
import { createMixture } from './mixture.ts';
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

const urgency = { completion: 1, chat: 0 } as const;

/** Rejects with a `ChorusError` where nothing could be generated; a cancelled request gives what there was. */
export async function generate(request: GenerateRequest, options: GenerateOptions): Promise<Generated> {
  const { experts, turns } = options;
  await experts.load();
  const turn = await turns.take(urgency[request.surface]);
  try {
    return await generateInTurn(request, options, turn);
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
  const mixture = createMixture(experts, request.prompt, templates, signal);
  const first = await mixture.now();
  if (!first.participants.some(({ weight }) => weight > 0)) throw nobody(experts);

  const tokens = first.participants.map(({ expert }) => expert as LoadedExpert);
  const reusedTokens: Record<string, number> = {};
  const ends = new Set(tokens.flatMap(({ endTokens }) => [...endTokens]));
  const tokenizer = (tokens[0] as LoadedExpert).tokenizer;
  const raw = request.prompt.kind === 'text';
  const opening = new TextEncoder().encode(mixture.opening());
  /** Bytes the user has already: drawn again, never shown again. */
  let owed = opening.length;
  const text = new TextDecoder('utf-8', { ignoreBOM: true });
  const stops = stopMatcher(request.stop);
  const tally = createTally();
  const trace: TokenTrace[] = [];
  let answer = '';
  let prefilled = began;
  let stop: StopReason | undefined;

  const emit = (piece: string): void => {
    answer += piece;
    if (piece !== '') onDelta({ text: piece, tokens: tally.ids.length, shares: tally.shares() });
  };

  const steps = decode({
    mix: async () => {
      await turn.pass();
      return mixture.now();
    },
    sampling: request.sampling,
    random: seededRandom(request.sampling.seed),
    stopTokens: ends,
    // Where the prompt is raw text the model may write its own markup; a user's text never gets any.
    bannedTokens: raw ? [] : [...tokenizer.specialIds].filter((id) => !ends.has(id)),
    constraint: owed === 0 ? undefined : mustBeginWith(opening, tokenizer.bytes),
    maxTokens: request.maxTokens,
    observe: request.trace,
    signal,
  });
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
    const bytes = ends.has(value.token) ? new Uint8Array(0) : tokenizer.bytes(value.token);
    const piece = text.decode(bytes.subarray(owed), { stream: true });
    owed = Math.max(0, owed - bytes.length);
    if (request.trace) trace.push(traceOf(value, piece));
    const match = stops.push(piece);
    emit(match.emit);
    if (match.stopped) {
      stop = 'stop';
      break;
    }
  }
  if (stop !== 'stop') {
    emit(stops.push(text.decode()).emit);
    const rest = stops.flush();
    emit(rest.emit);
    if (rest.stopped) stop = 'stop';
  }
  return {
    text: answer,
    ids: tally.ids,
    stop,
    shares: tally.shares(),
    weights: tally.weights(),
    promptTokens: Object.fromEntries([...mixture.prompts()].map(([id, ids]) => [id, ids.length])),
    reusedTokens,
    confidence: tally.confidence(),
    ms: { prefill: prefilled - began, decode: clock() - prefilled },
    ...(request.trace && { trace }),
  };
}

interface Tally {
  readonly ids: number[];
  add(step: Step): void;
  /** Mean share of each expert over all tokens. */
  shares(): Record<string, number>;
  /** Those of the last token. */
  weights(): Record<string, number>;
  confidence(): number;
}

function createTally(): Tally {
  const ids: number[] = [];
  const sums: Record<string, number> = {};
  let logProb = 0;
  let last: Step | undefined;
  return {
    ids,
    add(step) {
      ids.push(step.token);
      last = step;
      logProb += step.logProb;
      for (const [i, { expert }] of step.participants.entries()) {
        sums[expert.name] = (sums[expert.name] ?? 0) + (step.shares[i] ?? 0);
      }
    },
    shares: () => Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / ids.length])),
    weights: () => (last === undefined ? {} : byExpert(last, last.weights)),
    confidence: () => (ids.length === 0 ? 1 : Math.exp(logProb / ids.length)),
  };
}

function traceOf(step: Step, text: string): TokenTrace {
  return {
    id: step.token,
    text,
    logProb: step.logProb,
    shares: byExpert(step, step.shares),
    weights: byExpert(step, step.weights),
    entropy: step.entropy,
    agreement: step.agreement,
    evaluated: step.participants.map(({ expert }) => expert.name),
  };
}

function byExpert({ participants }: Step, values: readonly number[]): Record<string, number> {
  return Object.fromEntries(participants.map(({ expert }, i) => [expert.name, values[i] ?? 0]));
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
