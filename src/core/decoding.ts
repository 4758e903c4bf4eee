/** What one generation carries from token to token, whichever way the experts are asked: contexts, buffers, chance, masks. */

import { DecodeError } from './decode-error.ts';
import { type Distribution, distributionOf } from './distribution.ts';
import { createEnsemble } from './ensemble.ts';
import type { Expert, Rows } from './expert.ts';
import type { Mix, Participant } from './mix.ts';
import type { Pool } from './pool.ts';
import { createContext, type SlidingContext } from './slide.ts';
import type { DecodeOptions, Step } from './step.ts';
import type { Weighting } from './weighting.ts';

/** One way to ask the experts for the next token. */
export interface Asker {
  next(): Promise<Step | 'cancelled'>;
}

export interface Decoding {
  readonly options: DecodeOptions;
  readonly generated: readonly number[];
  /** Those with a weight above 0, and after them the vetoes. */
  readonly participants: readonly Participant[];
  /** How many of them are no vetoes. */
  readonly voices: number;
  readonly pool: Pool;
  readonly weighting: Weighting;
  readonly vocabularySize: number;
  /** Takes the mix that is in force now; whether it is another one than before. */
  adopt(mix: Mix): boolean;
  /** Tokens that still fit into every context. */
  room(): number;
  /** Makes room in contexts that are full, where that was asked for (core/slide.ts); whether there is room now. */
  slide(): boolean;
  /** The participant's prompt followed by the generated tokens and `more`, without what slid out. Valid until the next call for it. */
  context(participant: Participant, more: readonly number[]): Int32Array;
  /** Row `row` of an answer of `participant`; its softmax is written to `out` [V] where the expert gave none. */
  distribution(participant: Participant, rows: Rows, row: number, out: Float64Array): Distribution;
  /** The number in [0, 1) that the next token, or the one `ahead` tokens later, is drawn with. */
  chance(ahead?: number): number;
  /**
   * Sets what may not be drawn to 0 and joins the stop tokens: for the next token, or as far as it is known for one that is
   * `ahead` tokens later.
   */
  mask(probabilities: Float64Array, ahead?: number): void;
  /** Pools the next token's distributions, one per participant, and draws it. */
  draw(distributions: readonly Distribution[]): Step;
  /** Takes a token as drawn. */
  take(token: number, distributions: readonly Distribution[]): void;
}

export function createDecoding(options: DecodeOptions): Decoding {
  const generated: number[] = [];
  const chances: number[] = [];
  const contexts = new Map<Expert, Map<Int32Array, SlidingContext>>();
  let vocabularySize = 0;

  const mask = (probabilities: Float64Array, ahead = 0): void => {
    for (const id of options.bannedTokens) if (id < probabilities.length) probabilities[id] = 0;
    joinStops(probabilities, options.stopTokens);
    if (ahead === 0) options.constraint?.restrict(probabilities);
  };
  const chance = (ahead = 0): number => {
    const at = generated.length + ahead;
    while (chances.length <= at) chances.push(options.random());
    return chances[at] as number;
  };
  const take = (token: number, distributions: readonly Distribution[]): void => {
    generated.push(token);
    options.constraint?.accept(token);
    ensemble.learn(distributions, token);
  };
  const { sampling, observe, alternatives } = options;
  const ensemble = createEnsemble<Participant>({ sampling, random: chance, mask, observe, alternatives });

  const contextOf = ({ prompt, expert }: Participant): SlidingContext => {
    const ofExpert = contexts.get(expert) ?? new Map<Int32Array, SlidingContext>();
    contexts.set(expert, ofExpert);
    const known = ofExpert.get(prompt) ?? createContext(prompt, generated, expert.contextLength);
    ofExpert.set(prompt, known);
    return known;
  };
  const room = (): number => Math.min(...ensemble.participants.map((p) => contextOf(p).room()));

  return {
    options,
    generated,
    get participants() {
      return ensemble.participants;
    },
    get voices() {
      return ensemble.voices;
    },
    get pool() {
      return ensemble.pool;
    },
    get weighting() {
      return ensemble.weighting;
    },
    get vocabularySize() {
      return vocabularySize;
    },
    adopt(mix) {
      if (!ensemble.adopt(mix)) return false;
      vocabularySize = sharedVocabulary(ensemble.participants);
      return true;
    },
    room,
    slide() {
      if (options.whenFull !== 'slide') return false;
      for (const participant of ensemble.participants) contextOf(participant).slide();
      return room() > 0;
    },
    context: (participant, more) => contextOf(participant).tokens(more),
    distribution({ expert }, rows, row, out) {
      try {
        return distributionOf(rows, row, out);
      } catch (thrown) {
        throw new DecodeError(
          `'${expert.name}': ${thrown instanceof Error ? thrown.message : String(thrown)}`,
        );
      }
    },
    chance,
    mask,
    draw(all) {
      const step = ensemble.draw(all);
      take(step.token, all);
      return step;
    },
    take,
  };
}

/** Throws where the participants' vocabularies differ; 0 for nobody. */
function sharedVocabulary(participants: readonly Participant[]): number {
  const size = participants[0]?.expert.vocabularySize ?? 0;
  for (const { expert } of participants) {
    if (expert.vocabularySize === size) continue;
    throw new DecodeError(
      `'${expert.name}' has a vocabulary of ${expert.vocabularySize} tokens, others of ${size}: they cannot be mixed token by token`,
    );
  }
  return size;
}

/** All stop tokens are one symbol: their mass goes to the most probable of them, ties to the lowest id. */
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
