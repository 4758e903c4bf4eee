/** Advice on a mix, as it crosses from the engine to whoever asked: which experts suit given texts. */

import type { Failure } from './failure.ts';

export interface AdviseRequest {
  /** Texts like those the mix is to write. They stay in the engine and are forgotten with the request. */
  readonly texts: readonly { readonly name: string; readonly text: string }[];
  /** Bytes that the models of the mix may take together. */
  readonly memoryLimit: number;
}

export interface AdviseProgress {
  /** The expert that reads the texts now. */
  readonly expert: string;
  readonly stage: 'loading' | 'reading' | 'comparing';
  /** In [0, 1], over all experts. */
  readonly done: number;
}

export interface AdvisedMember {
  readonly id: string;
  /** Share of the pool; the members' sum to 1. */
  readonly weight: number;
}

export interface AdviceRow {
  /** An expert alone, a step of the greedy path, a larger set that is not better, or one beyond the memory limit. */
  readonly kind: 'alone' | 'step' | 'no-gain' | 'over-limit';
  readonly members: readonly AdvisedMember[];
  /** Rows of one vocabulary share this. */
  readonly vocabulary: string;
  /** On the half of the text that was not used to choose. */
  readonly bitsPerByte: number;
  readonly memoryBytes: number;
  /** Bits per byte saved against the smaller set, with its standard error; 0 for an expert alone. */
  readonly gain: number;
  readonly standardError: number;
}

export interface Advice {
  readonly rows: readonly AdviceRow[];
  /** One of `rows`; absent where no expert fits into the limit. */
  readonly chosen?: AdviceRow;
  /** Experts that could not be measured, each with the reason. */
  readonly unmeasured: readonly { readonly id: string; readonly failure: Failure }[];
  readonly memoryLimit: number;
  readonly sample: {
    readonly texts: number;
    readonly pieces: number;
    /** Of the half that fits and chooses, and of the half that judges. */
    readonly fitBytes: number;
    readonly judgeBytes: number;
  };
}

export type AdviseOutcome =
  | { readonly kind: 'advised'; readonly advice: Advice }
  | { readonly kind: 'failed'; readonly failure: Failure };
