/** The messages between the mix page and the extension, which holds the settings: the page shows the weights and asks for others. */

import type { Surface, Unit } from './engine.ts';
import type { Failure } from './failure.ts';

/** Where weights hold: everywhere, or on one surface alone. */
export type MixTab = 'both' | Surface;

export const mixTabs: readonly MixTab[] = ['both', 'completion', 'chat'];

/** An expert that takes part. */
export interface MixedExpert {
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly weights: Readonly<Record<MixTab, number>>;
  /** What it takes, in bytes; absent while it is not loaded. */
  readonly memoryBytes?: number;
  /** `ready`, `loading 40 %`: the expert's state for people. */
  readonly state: string;
}

export interface MixState {
  readonly experts: readonly MixedExpert[];
  /** How each tab's weights are found from those set: whether they stay as they are. */
  readonly fixed: Readonly<Record<MixTab, boolean>>;
  /** Surfaces that have weights of their own. */
  readonly own: readonly Surface[];
  readonly memory: {
    /** Free on the machine beside what the experts take, in bytes. */
    readonly free: number;
    /** What all experts may take together by the settings; absent where that is not limited. */
    readonly limit?: number;
  };
}

export interface Tried {
  readonly text: string;
  readonly tokens: number;
  readonly unit: Unit;
  /** Mean share of each expert, summing to 1. */
  readonly shares: Readonly<Record<string, number>>;
}

export type TryOutcome =
  | ({ readonly kind: 'done' } & Tried)
  | { readonly kind: 'failed'; readonly failure: Failure };

interface Accepted {
  readonly kind: 'ok';
}

export type MixCalls = {
  /** The page has loaded and listens. */
  ready: { params: Record<string, never>; result: MixState; update: never };
  /** In force at the next token. */
  weigh: {
    params: { readonly tab: MixTab; readonly id: string; readonly weight: number };
    result: Accepted;
    update: never;
  };
  /** Lets a surface have the weights that hold everywhere. */
  same: { params: { readonly surface: Surface }; result: Accepted; update: never };
  /** Continues or answers a text by the mix; streams the whole so far. */
  attempt: { params: { readonly tab: MixTab; readonly text: string }; result: TryOutcome; update: Tried };
  /** Opens the list of mixes, or asks for the name to save this one under. */
  run: { params: { readonly command: 'chooseMix' | 'saveMix' }; result: Accepted; update: never };
};

export type MixEvents = {
  state: { params: MixState; result: undefined; update: never };
};
