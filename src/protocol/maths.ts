/** Questions to the computer algebra, and its answers. Expressions are LaTeX or as one types them; answers are both. */

import type { Contract } from './rpc.ts';

export type MathsQuestion =
  /** The exact value, and the numeric one. */
  | { readonly kind: 'evaluate'; readonly expression: string }
  | { readonly kind: 'simplify'; readonly expression: string }
  /** `variable` may be left out where there is only one. */
  | { readonly kind: 'solve'; readonly equation: string; readonly variable?: string | undefined }
  /** `a = b`. */
  | { readonly kind: 'verify'; readonly equality: string }
  /** Whether each step follows from the one before: expressions, chains `a = b = c`, lines that begin with `=`, equations. */
  | { readonly kind: 'steps'; readonly steps: readonly string[] };

export interface MathsText {
  /** As one types it. */
  readonly text: string;
  readonly latex: string;
}

export interface MathsValue extends MathsText {
  /** Decimal digits, where that says more than `text`. */
  readonly numeric?: string;
}

/** Where two expressions differ: the values of both where the variables have those of `at`. */
export interface Counterexample {
  readonly at: Readonly<Record<string, number>>;
  readonly left: number;
  readonly right: number;
}

/** `form`: shown by rules of algebra. `points`: both have the same value at every point tried, which is evidence and no proof. */
export type Verdict =
  | { readonly kind: 'true'; readonly by: 'form' | 'points' }
  | { readonly kind: 'false'; readonly why: string; readonly counterexample?: Counterexample }
  | { readonly kind: 'unknown'; readonly why: string };

export type StepVerdict = {
  /** Index into the steps that were asked about. */
  readonly step: number;
  readonly verdict: Verdict;
  /** What to know of a step that holds: that it adds a solution, for instance. */
  readonly note?: string;
};

export type MathsAnswer =
  | { readonly kind: 'value'; readonly value: MathsValue }
  | { readonly kind: 'solutions'; readonly variable: string; readonly solutions: readonly MathsValue[] }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'steps'; readonly verdicts: readonly StepVerdict[] }
  /** It could not be asked: what is wrong with the question, in a sentence. */
  | { readonly kind: 'failed'; readonly why: string };

export interface MathsCalls extends Contract {
  ask: { params: MathsQuestion; result: MathsAnswer; update: never };
}
