/** The mixture one request decodes with: who takes part, each with its own prompt, with what weight, and by what unit. */

import type { Mix, Participant } from '../core/mix.ts';
import {
  confidenceWeighting,
  FIXED_SHARE,
  fixedShareWeighting,
  fixedShareWeights,
  fixedWeighting,
} from '../core/weighting.ts';
import { normaliseWeights, promptWeights } from '../core/weights.ts';
import type { MixSetting, Prompt, Unit } from '../protocol/engine.ts';
import type { LoadedExpert } from '../runtime/expert.ts';
import { commonEnd, sameVocabulary } from './common-end.ts';
import type { ReadyExpert } from './experts.ts';
import { type ExpertPrompt, promptFor } from './prompts.ts';
import { routeOf } from './route.ts';
import { tokensOfCommonText } from './scored-text.ts';
import type { TemplateRenderer } from './template.ts';

/** Newest tokens of the prompt that weighting `prompt` scores: older text says little about what comes next. */
const SCORED_TOKENS = 256;

/**
 * tau of weighting `prompt`. 1 is the exact posterior over experts. At 4 the results are the same (docs/results.md), and after
 * a short question, which says little, the other experts keep a say.
 */
const PROMPT_TEMPERATURE = 4;

export interface MixtureSource {
  mix(): Pick<MixSetting, 'pool' | 'weighting'>;
  ready(): readonly ReadyExpert[];
}

export interface LiveParticipant extends Participant {
  readonly expert: LoadedExpert;
  /** What the answer must begin with: the end of the user's text. */
  readonly opening: string;
}

export interface LiveMix extends Mix {
  readonly participants: readonly LiveParticipant[];
  readonly vetoes?: readonly LiveParticipant[] | undefined;
  /** Tokens where all experts share a vocabulary, else bytes; what an answer begins with, it ends with. */
  readonly unit: Unit;
}

export interface Mixture {
  /** The mix in force now; prompts and scores of experts that joined are made first. */
  now(): Promise<LiveMix>;
  prompts(): ReadonlyMap<string, Int32Array>;
  /** The expert that answers alone, where the mix in force was routed to one. */
  routed(): string | undefined;
  /** How much of its prompt the expert knew before this answer, once it was asked for the first token. */
  reused(expert: LoadedExpert): number;
}

interface Member {
  readonly ready: ReadyExpert;
  readonly prompt: ExpertPrompt;
}

/** `now` rejects with a `ChorusError` where, at the first step, a prompt does not fit. */
export function createMixture(
  source: MixtureSource,
  prompt: Prompt,
  templates: TemplateRenderer,
  signal: AbortSignal,
  /** How far the mixture may be from one expert for that one to answer alone; never where it is left out. */
  routeWithin?: number,
): Mixture {
  const prompts = new Map<string, { readonly expert: LoadedExpert; readonly prompt: ExpertPrompt }>();
  /** Of prompts that were read for the weights or the route: how much of each was known then. */
  const readAhead = new Map<LoadedExpert, number>();
  const onRead = (expert: LoadedExpert): void => {
    if (!readAhead.has(expert)) readAhead.set(expert, expert.reused);
  };
  let routed: string | undefined;
  let last: { readonly key: string; readonly experts: readonly unknown[]; readonly mix: LiveMix } | undefined;

  const memberOf = async (ready: ReadyExpert): Promise<Member> => {
    const known = prompts.get(ready.id);
    if (known !== undefined && known.expert === ready.expert) return { ready, prompt: known.prompt };
    const made = await promptFor(ready.expert, prompt, templates);
    prompts.set(ready.id, { expert: ready.expert, prompt: made });
    return { ready, prompt: made };
  };

  const readyExperts = () => source.ready().map(({ expert }) => expert);

  /** All of `ready` for the first step; later, one that does not fit stays out and the answer goes on without it. */
  const join = async (ready: readonly ReadyExpert[]): Promise<readonly Member[]> => {
    if (last === undefined) return Promise.all(ready.map(memberOf));
    const taken = last.mix.unit === 'token' ? last.mix.participants[0]?.expert : undefined;
    const fitting = ready.filter(({ expert }) => taken === undefined || sameVocabulary(expert, taken));
    const joined = await Promise.allSettled(fitting.map(memberOf));
    return joined.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  };

  return {
    async now() {
      for (;;) {
        const { pool, weighting } = source.mix();
        const ready = source.ready();
        const key = JSON.stringify([
          pool,
          weighting,
          ready.map(({ id, weight, role }) => [id, weight, role]),
        ]);
        const experts = ready.map(({ expert }) => expert);
        if (last?.key === key && sameItems(experts, last.experts)) return last.mix;
        const joined = await join(ready);
        const unit = last?.mix.unit ?? unitOf(joined);
        const members = joined.filter(({ ready: { role } }) => role === 'voice');
        const vetoes = joined
          .filter(({ ready: { role } }) => role === 'veto')
          .map((member) => participantOf(member, member.ready.weight));
        const weights = await weigh(members, { weighting, unit, signal, onRead }).catch((thrown: unknown) => {
          // An expert that left meanwhile cannot be scored; the others are weighed anew.
          if (sameItems(experts, readyExperts())) throw thrown;
          return undefined;
        });
        if (weights === undefined || !sameItems(experts, readyExperts())) continue;
        const participants = members.map((member, i) => participantOf(member, weights[i] ?? 0));
        // What is wrong with an expert shows when it is asked for the answer.
        const route =
          // A veto can make a small difference large.
          routeWithin === undefined || vetoes.length > 0
            ? undefined
            : await routeOf(participants, { pool, weighting, within: routeWithin, signal }).catch(
                () => undefined,
              );
        if (!sameItems(experts, readyExperts())) continue;
        if (route !== undefined) for (const { ready: one } of members) onRead(one.expert);
        const alone = route && participants[route.expert];
        routed = alone?.expert.name;
        last = {
          key,
          experts,
          mix: {
            participants: alone ? [alone] : participants,
            ...(vetoes.length > 0 && { vetoes }),
            pool,
            weighting: goingOn(weighting, members),
            // One expert alone has one vocabulary; but an answer that was begun in a unit goes on in it.
            unit: alone && last === undefined ? 'token' : unit,
          },
        };
        return last.mix;
      }
    },
    routed: () => routed,
    reused: (expert) => readAhead.get(expert) ?? expert.reused,
    prompts: () => new Map([...prompts].map(([id, { prompt: made }]) => [id, made.ids])),
  };
}

function participantOf(
  { ready: { expert }, prompt: { ids, opening } }: Member,
  weight: number,
): LiveParticipant {
  return { expert, prompt: ids, weight, opening };
}

/** One value per participant, by the expert's name. */
export function byExpert(
  participants: readonly Participant[],
  values: readonly number[],
): Record<string, number> {
  return Object.fromEntries(participants.map(({ expert }, i) => [expert.name, values[i] ?? 0]));
}

async function weigh(
  members: readonly Member[],
  {
    weighting,
    unit,
    signal,
    onRead,
  }: {
    readonly weighting: MixSetting['weighting'];
    readonly unit: Unit;
    readonly signal: AbortSignal;
    readonly onRead: (expert: LoadedExpert) => void;
  },
): Promise<number[]> {
  if (members.length === 0) return [];
  const prior = normaliseWeights(members.map(({ ready }) => ready.weight));
  if (members.length === 1) return prior;
  const ofPrompt = async (): Promise<readonly Float64Array[]> => {
    const scored = scoredTokens(members, unit);
    return Promise.all(
      members.map(async ({ ready, prompt: { ids } }, i) => {
        const score = await ready.expert.score(ids, ids.length - (scored[i] ?? 0), signal);
        onRead(ready.expert);
        return score === 'cancelled' ? new Float64Array(0) : score;
      }),
    );
  };
  const byLoss = (logProbs: readonly Float64Array[]): number[] =>
    promptWeights(
      prior,
      logProbs.map((row) => -total(row)),
      PROMPT_TEMPERATURE,
    );
  switch (weighting) {
    case 'fixed':
    case 'fixedShare':
    case 'confidence':
      return prior;
    case 'prompt':
      return byLoss(await ofPrompt());
    case 'adaptive': {
      const logProbs = await ofPrompt();
      // By bytes the experts cut the prompt into different tokens, and only its whole can be compared.
      const start = unit === 'token' ? fixedShareWeights(prior, logProbs) : byLoss(logProbs);
      // However far behind, every expert can come back.
      return normaliseWeights(start.map((w) => Math.max(FIXED_SHARE.floor, w)));
    }
    default:
      return weighting satisfies never;
  }
}

/** How many of each prompt's last tokens to score: the same text for all, so only what all prompts end with. */
function scoredTokens(members: readonly Member[], unit: Unit): number[] {
  switch (unit) {
    case 'token':
      return members.map(() => commonTokens(members.map(({ prompt }) => prompt)));
    case 'byte':
      return tokensOfCommonText(
        members.map(({ ready, prompt }) => ({ prompt, bytes: ready.expert.tokenizer.bytes })),
      );
    default:
      return unit satisfies never;
  }
}

/** Of what was asked last; the first token of a prompt has no probability. */
function commonTokens(prompts: readonly ExpertPrompt[]): number {
  const asked = Math.min(...prompts.map(({ ids, askedFrom }) => ids.length - Math.max(1, askedFrom)));
  return commonEnd(
    prompts.map(({ ids }) => ids),
    Math.min(SCORED_TOKENS, asked),
  );
}

function total(logProbs: Float64Array): number {
  return logProbs.reduce((sum, value) => sum + value, 0);
}

/** How the weights go on from where the prompt left them. */
function goingOn(
  weighting: MixSetting['weighting'],
  members: readonly Member[],
): NonNullable<Mix['weighting']> {
  switch (weighting) {
    case 'fixed':
    case 'prompt':
      return fixedWeighting;
    case 'fixedShare':
      return fixedShareWeighting;
    case 'adaptive': {
      const prior = members.map(({ ready }) => ready.weight);
      return (start) => fixedShareWeighting(prior, FIXED_SHARE, normaliseWeights(start));
    }
    case 'confidence':
      return confidenceWeighting;
    default:
      return weighting satisfies never;
  }
}

/** Without anybody it is the unit of those that may join. */
function unitOf([first, ...others]: readonly Member[]): Unit {
  const shared = others.every(
    ({ ready }) => first !== undefined && sameVocabulary(ready.expert, first.ready.expert),
  );
  return shared ? 'token' : 'byte';
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
