/**
 * The decode loop: at every token each participant gives its distribution, the distributions are pooled, and one token
 * is drawn from the pool (arXiv 2411.00406). Who takes part may change between any two tokens.
 */

import type { Constraint } from './constraint.ts';
import { DecodeError } from './decode-error.ts';
import { agreement, type Distribution, entropy, softmaxInto } from './distribution.ts';
import type { Expert, Signal } from './expert.ts';
import type { Drafts } from './lookup.ts';
import { type Pool, poolInto, sharesInto } from './pool.ts';
import { type Sampling, sample } from './sampler.ts';
import { fixedWeighting, type Weighting } from './weighting.ts';

export interface Participant {
  readonly expert: Expert;
  /** This expert's own prompt; the generated tokens are appended to each participant's alike. */
  readonly prompt: Int32Array;
  /** Relative weight >= 0; an expert of weight 0 is not run. */
  readonly weight: number;
}

export interface Mix {
  /** In a fixed order; empty ends the generation. */
  readonly participants: readonly Participant[];
  readonly pool: Pool;
  /** Makes the weighting that starts from the participants' own weights; they stay as they are where it is left out. */
  readonly weighting?: (prior: readonly number[]) => Weighting;
}

export interface DecodeOptions {
  /** Asked before every token; the same object means that nothing changed. */
  readonly mix: () => Mix | Promise<Mix>;
  readonly sampling: Sampling;
  /** Numbers in [0, 1); asked once a token unless greedy. */
  readonly random: () => number;
  /** Any of these ends the generation; it is yielded as the last step. They count as one symbol. */
  readonly stopTokens: ReadonlySet<number>;
  /** Never drawn. */
  readonly bannedTokens: Iterable<number>;
  /** What else may not be drawn, as it depends on what was. */
  readonly constraint?: Constraint | undefined;
  /**
   * Guesses at what follows, checked by all experts in one run: a token is drawn from each row as it would be without
   * guesses, and the first that differs ends the run. Tokens, and for one seed the text, are the same as without, as far as the
   * experts' logits do not depend on how many rows they are asked for.
   */
  readonly drafts?: Drafts | undefined;
  readonly maxTokens: number;
  /** Also computes entropy and agreement, which costs a pass over the vocabulary each. */
  readonly observe: boolean;
  readonly signal?: Signal | undefined;
}

export interface Step {
  readonly token: number;
  /** log m(token) in nats, before banned tokens, temperature and filters. */
  readonly logProb: number;
  /** w_i p_i(x) / m(x) of the token, in the order of `participants`; sums to 1. */
  readonly shares: readonly number[];
  /** Normalised weights, in the order of `participants`. */
  readonly weights: readonly number[];
  readonly participants: readonly Participant[];
  /** Entropy of the pool in nats; NaN unless observed. */
  readonly entropy: number;
  /** 1 - total variation between experts; NaN unless observed. */
  readonly agreement: number;
}

export type DecodeEnd = 'end' | 'length' | 'cancelled';

/**
 * Yields a step per token and returns why it ended: `end` (a stop token), `length` (maxTokens, or an expert's context
 * is full), `cancelled` (the signal, or nobody takes part). Throws where vocabularies differ or logits are not finite.
 */
export async function* decode(options: DecodeOptions): AsyncGenerator<Step, DecodeEnd> {
  const scratch = createScratch();
  const generated: number[] = [];
  let mix: Mix | undefined;
  let participants: readonly Participant[] = [];
  let weighting = fixedWeighting([1]);
  while (generated.length < options.maxTokens) {
    const next = await options.mix();
    if (next !== mix) {
      mix = next;
      participants = mix.participants.filter((p) => p.weight > 0);
      const make = mix.weighting ?? fixedWeighting;
      if (participants.length > 0) weighting = make(participants.map((p) => p.weight));
    }
    const lead = participants[0];
    if (options.signal?.aborted || lead === undefined) return 'cancelled';
    const room =
      Math.min(...participants.map((p) => p.expert.contextLength - p.prompt.length)) - generated.length;
    if (room <= 0) return 'length';

    const left = Math.min(room, options.maxTokens - generated.length) - 1;
    const draft = options.drafts?.propose(scratch.context(lead, generated, []), left) ?? [];
    const rows = draft.length + 1;
    const answers = await Promise.all(
      participants.map((p) =>
        p.expert.logits(scratch.context(p, generated, draft), { rows, signal: options.signal }),
      ),
    );
    const whole = answers.filter((answer) => answer !== 'cancelled');
    if (options.signal?.aborted || whole.length < answers.length) return 'cancelled';
    // The experts may be asked by others before the last row is used.
    const logits = rows === 1 ? whole : whole.map((answer) => answer.slice());

    for (let row = 0; row < rows; row++) {
      const { distributions, pooled, drawn } = scratch.distributions(participants, logits, row);
      const weights = weighting.weights(distributions);
      poolInto(mix.pool, distributions, weights, pooled);
      drawn.set(pooled);
      for (const id of options.bannedTokens) drawn[id] = 0;
      joinStops(drawn, options.stopTokens);
      options.constraint?.restrict(drawn);
      const token = sample(drawn, options.sampling, options.random);
      const shares = new Float64Array(participants.length);
      sharesInto(distributions, weights, token, shares);
      generated.push(token);
      options.constraint?.accept(token);
      weighting.learn(distributions, token);
      yield {
        token,
        logProb: Math.log(pooled[token] as number),
        shares: [...shares],
        weights,
        participants,
        entropy: options.observe ? entropy(pooled) : Number.NaN,
        agreement: options.observe ? agreement(distributions, weights) : Number.NaN,
      };
      if (options.stopTokens.has(token)) return 'end';
      const right = token === draft[row];
      if (!right || row === rows - 1) options.drafts?.learn(draft.length, right ? row + 1 : row);
      // A guess that was wrong, a mix that changed, a request that was cancelled: what was guessed further on is void.
      if (!right || options.signal?.aborted || (row < rows - 1 && (await options.mix()) !== mix)) break;
    }
  }
  return 'length';
}

/** All stop tokens are one symbol: their mass goes to the most probable of them. */
function joinStops(probabilities: Float64Array, stopTokens: ReadonlySet<number>): void {
  let best = -1;
  let mass = 0;
  for (const id of stopTokens) {
    const p = probabilities[id] ?? 0;
    mass += p;
    const most = probabilities[best] ?? -1;
    if (p > most || (p === most && id < best)) best = id;
  }
  if (best < 0 || best >= probabilities.length) return;
  for (const id of stopTokens) if (id < probabilities.length) probabilities[id] = 0;
  probabilities[best] = mass;
}

interface Scratch {
  /** The participant's prompt followed by the generated tokens and the draft. */
  context(participant: Participant, generated: readonly number[], draft: readonly number[]): Int32Array;
  distributions(
    participants: readonly Participant[],
    logits: readonly Float32Array[],
    row: number,
  ): { distributions: Distribution[]; pooled: Float64Array; drawn: Float64Array };
}

/** The buffers of one generation, kept between tokens. */
function createScratch(): Scratch {
  const contexts = new Map<Int32Array, { readonly buffer: Int32Array; filled: number }>();
  const probabilities: Float64Array[] = [];
  let pooled = new Float64Array(0);
  let drawn = new Float64Array(0);

  return {
    context({ prompt, expert }, generated, draft) {
      let kept = contexts.get(prompt);
      if (kept === undefined) {
        kept = { buffer: new Int32Array(expert.contextLength), filled: prompt.length };
        kept.buffer.set(prompt);
        contexts.set(prompt, kept);
      }
      const length = prompt.length + generated.length;
      for (; kept.filled < length; kept.filled++) {
        kept.buffer[kept.filled] = generated[kept.filled - prompt.length] as number;
      }
      kept.buffer.set(draft, length);
      return kept.buffer.subarray(0, length + draft.length);
    },
    distributions(participants, logits, row) {
      const size = participants[0]?.expert.vocabularySize ?? 0;
      if (pooled.length !== size) {
        pooled = new Float64Array(size);
        drawn = new Float64Array(size);
        probabilities.length = 0;
      }
      const distributions = participants.map(({ expert }, i): Distribution => {
        if (expert.vocabularySize !== size) {
          throw new DecodeError(
            `'${expert.name}' has a vocabulary of ${expert.vocabularySize} tokens, others of ${size}: they cannot be mixed token by token`,
          );
        }
        const values = (logits[i] as Float32Array).subarray(row * size, (row + 1) * size);
        probabilities[i] ??= new Float64Array(size);
        const p = probabilities[i];
        try {
          return { logits: values, probabilities: p, logSumExp: softmaxInto(values, p) };
        } catch (thrown) {
          throw new DecodeError(
            `'${expert.name}': ${thrown instanceof Error ? thrown.message : String(thrown)}`,
          );
        }
      });
      return { distributions, pooled, drawn };
    },
  };
}
