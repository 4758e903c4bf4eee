/** What the mix page shows and asks for, without the editor: weights take effect at once and are written when the hand rests. */

import type { Delta, GenerateOutcome, GenerateRequest } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { MixCalls, MixedExpert, MixState, MixTab, Tried, TryOutcome } from '../protocol/mix.ts';
import { mixTabs } from '../protocol/mix.ts';
import type { CallOptions, Handlers } from '../protocol/rpc.ts';
import { describeState, type ExpertRow } from './expert-rows.ts';
import { weightEverywhere } from './experts.ts';
import { failureTold } from './failure-text.ts';
import { MOST_WEIGHT, type SettingName, type SettingValues } from './setting-rules.ts';

export interface MixSessionOptions {
  readonly values: () => SettingValues;
  readonly rows: () => readonly ExpertRow[];
  /** Puts settings in force in this window, unwritten. */
  readonly hold: (sets: Partial<SettingValues>) => void;
  readonly write: (sets: Partial<SettingValues>) => Promise<void>;
  /** Some of `sets` could not be written: takes out of force what is only held of it, and says so. */
  readonly unwritten: (sets: Partial<SettingValues>, thrown: unknown) => void;
  /** Never rejects. */
  readonly generate: (request: GenerateRequest, options: CallOptions<Delta>) => Promise<GenerateOutcome>;
  /** Bytes that are free on the machine. */
  readonly available: () => number;
  readonly run: (command: 'chooseMix' | 'saveMix') => void;
  /** Calls back once, after this many ms; the result forgets it. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

export interface MixSession {
  state(): MixState;
  readonly handlers: Handlers<MixCalls>;
  /** Writes what is only in force yet. Never rejects. */
  flush(): Promise<void>;
}

/** A slider that is dragged asks for a weight many times a second; a settings file is not written so often. */
const REST_MS = 400;
/** Of an attempt. */
const TOKENS = 64;
const LONGEST_TEXT = 10_000;

export function createMixSession(options: MixSessionOptions): MixSession {
  const { values, rows, hold, write, generate, available, run, after } = options;
  let unwritten: Partial<SettingValues> = {};
  let forget = (): void => {};

  const flush = async (): Promise<void> => {
    forget();
    const sets = unwritten;
    unwritten = {};
    if (Object.keys(sets).length === 0) return;
    try {
      await write(sets);
    } catch (thrown) {
      options.unwritten(sets, thrown);
    }
  };
  const change = (sets: Partial<SettingValues>): void => {
    hold(sets);
    unwritten = { ...unwritten, ...sets };
    forget();
    forget = after(REST_MS, () => void flush());
  };

  const state = (): MixState => {
    const now = values();
    const limit = now['mix.memoryLimit'];
    return {
      experts: rows().flatMap((row) => (row.active ? [mixed(row)] : [])),
      fixed: {
        both: now['mix.weighting'] === 'fixed',
        completion: weightingOn('completion', now) === 'fixed',
        chat: weightingOn('chat', now) === 'fixed',
      },
      own: (['completion', 'chat'] as const).filter(
        (surface) => Object.keys(now[`${surface}.weights`]).length > 0,
      ),
      memory: { free: available(), ...(limit > 0 && { limit: limit * 1e6 }) },
    };
  };

  return {
    state,
    flush,
    handlers: {
      ready: state,
      weigh({ tab, id, weight }) {
        const known = rows().some((row) => row.id === id) && mixTabs.includes(tab);
        if (!known || !Number.isFinite(weight) || weight < 0 || weight > MOST_WEIGHT) {
          throw new ChorusError('request-invalid', `'${id}' cannot weigh ${weight}.`);
        }
        change(weighed(values(), { tab, id, weight }));
        return { kind: 'ok' };
      },
      same({ surface }) {
        change({ [surface === 'chat' ? 'chat.weights' : 'completion.weights']: {} });
        return { kind: 'ok' };
      },
      async attempt({ tab, text }, { signal, update }) {
        const request = requestFor(tab, text.slice(0, LONGEST_TEXT));
        let so: Tried = { text: '', tokens: 0, unit: 'token', shares: {} };
        const onUpdate = ({ text: more, tokens, unit, shares }: Delta): void => {
          so = { text: so.text + more, tokens, unit, shares };
          update(so);
        };
        return tried(await generate(request, { signal, onUpdate }), so.tokens);
      },
      run({ command }) {
        run(command === 'saveMix' ? 'saveMix' : 'chooseMix');
        return { kind: 'ok' };
      },
    },
  };
}

function mixed(row: ExpertRow): MixedExpert {
  const { id, name, weight, weightsOn, state } = row;
  return {
    id,
    name,
    weights: {
      both: weight,
      completion: weightsOn?.completion ?? weight,
      chat: weightsOn?.chat ?? weight,
    },
    state: describeState(state, true),
    ...(state.kind === 'ready' && { memoryBytes: state.memoryBytes }),
  };
}

function weightingOn(surface: 'completion' | 'chat', now: SettingValues): string {
  const own = now[`${surface}.weighting`];
  return own === 'same' ? now['mix.weighting'] : own;
}

function weighed(
  now: SettingValues,
  { tab, id, weight }: { readonly tab: MixTab; readonly id: string; readonly weight: number },
): Partial<SettingValues> {
  switch (tab) {
    case 'both':
      return weightEverywhere(now, id, weight);
    case 'completion':
    case 'chat': {
      const name = `${tab}.weights` as const satisfies SettingName;
      return { [name]: { ...now[name], [id]: weight } };
    }
    default:
      return tab satisfies never;
  }
}

/** A chat's question, or the beginning of a text that is completed. */
function requestFor(tab: MixTab, text: string): GenerateRequest {
  const common = {
    maxTokens: TOKENS,
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
    stop: [],
    accelerate: 'auto',
    trace: false,
  } as const;
  return tab === 'completion'
    ? { ...common, surface: 'completion', prompt: { kind: 'infill', prefix: text, suffix: '' } }
    : {
        ...common,
        surface: 'chat',
        prompt: { kind: 'messages', messages: [{ role: 'user', content: text }] },
      };
}

function tried(outcome: GenerateOutcome, tokens: number): TryOutcome {
  if (outcome.kind === 'failed') return { kind: 'failed', failure: failureTold(outcome.failure) };
  const { text, unit, shares, ids } = outcome.result;
  return { kind: 'done', text, unit, shares, tokens: Math.max(tokens, ids.length) };
}
