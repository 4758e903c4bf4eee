/** How an answer is drawn: token by token where the experts share a vocabulary, byte by byte elsewhere. */

import type { ByteCost } from '../core/byte-followers.ts';
import { END_OF_BYTES } from '../core/byte-vocabulary.ts';
import { mustBeginWith } from '../core/constraint.ts';
import { type DecodeEnd, decode } from '../core/decode.ts';
import { decodeBytes } from '../core/decode-bytes.ts';
import { promptLookup } from '../core/lookup.ts';
import { seededRandom } from '../core/random.ts';
import type { DecodeOptions, Step } from '../core/step.ts';
import type { GenerateRequest, Unit } from '../protocol/engine.ts';
import { byteMixOf } from './by-bytes.ts';
import { grammarFor } from './grammar.ts';
import type { LiveMix } from './mixture.ts';

export interface Drawing {
  readonly unit: Unit;
  readonly steps: AsyncGenerator<Step, DecodeEnd>;
  /** The bytes that a step adds to the answer; none for its end. */
  spelled(token: number): Uint8Array;
  /** Bytes at the start of what is drawn that the user has already. */
  readonly owed: number;
  /** Whether nothing may follow what was drawn. */
  isComplete(): boolean;
  /** Runs of the experts so far; undefined where each runs once a token. */
  evaluations(): Readonly<Record<string, number>> | undefined;
}

export interface DrawingOptions {
  /** The mix in force at the first token. */
  readonly first: LiveMix;
  readonly mix: () => Promise<LiveMix>;
  readonly signal: AbortSignal;
}

/** `first` has at least one participant. Throws a `ChorusError` where the request's grammar cannot be followed. */
export function draw(request: GenerateRequest, options: DrawingOptions): Drawing {
  return options.first.unit === 'byte' ? drawBytes(request, options) : drawTokens(request, options);
}

const nothing = new Uint8Array(0);

function common(
  { sampling, maxTokens, trace, observe = false, alternatives }: GenerateRequest,
  { signal }: DrawingOptions,
) {
  const random = seededRandom(sampling.seed);
  return { sampling, random, maxTokens, observe: trace || observe, alternatives, signal };
}

function drawTokens(request: GenerateRequest, options: DrawingOptions): Drawing {
  const { lead, opening } = leadOf(options.first);
  const { tokenizer } = lead.expert;
  // Where the prompt is raw text the model may write its own markup; a user's text never gets any.
  const banned = new Set(request.prompt.kind === 'text' ? [] : tokenizer.specialIds);
  const ends = new Set<number>();
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
  const grammar = request.grammar && grammarFor(request.grammar, { unit: 'token', tokenizer, opening, ends });
  return {
    unit: 'token',
    steps: decode({
      ...common(request, options),
      mix: async () => admit(await options.mix()),
      stopTokens: ends,
      bannedTokens: banned,
      whenFull: request.whenFull,
      constraint: grammar ?? (opening.length === 0 ? undefined : mustBeginWith(opening, tokenizer.bytes)),
      ...accelerated(request),
    }),
    spelled: (token) => (ends.has(token) ? nothing : tokenizer.bytes(token)),
    owed: opening.length,
    isComplete: () => grammar?.isComplete() ?? false,
    evaluations: () => undefined,
  };
}

function drawBytes(request: GenerateRequest, options: DrawingOptions): Drawing {
  const { lead, opening } = leadOf(options.first);
  const { tokenizer } = lead.expert;
  const grammar =
    request.grammar &&
    grammarFor(request.grammar, { unit: 'byte', tokenizer, opening, ends: new Set<number>() });
  let cost: ByteCost | undefined;
  return {
    unit: 'byte',
    steps: decodeBytes({
      ...common(request, options),
      mix: async () => byteMixOf(await options.mix()),
      constraint: grammar,
      tolerance: 0,
      onCost: (now) => {
        cost = now;
      },
    }),
    spelled: (token) => (token === END_OF_BYTES ? nothing : Uint8Array.of(token)),
    owed: 0,
    isComplete: () => grammar?.isComplete() ?? false,
    evaluations: () => cost?.evaluations,
  };
}

function leadOf({ participants: [lead] }: LiveMix) {
  if (lead === undefined) throw new Error('a mix without participants draws nothing');
  return { lead, opening: new TextEncoder().encode(lead.opening) };
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
