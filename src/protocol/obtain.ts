/** The messages about bringing a model of the catalogue onto the machine and making it ready. */

import type { Failure } from './failure.ts';

export interface ObtainRequest {
  /** Its id in the catalogue. */
  readonly model: string;
  /** What the user's settings say; what is left out or empty comes from the environment. */
  readonly choices: ObtainChoices;
}

export interface ObtainChoices {
  /** Address of the hub. */
  readonly hub?: string | undefined;
  /** How pip is called. */
  readonly pip?: string | undefined;
  /** Forbids every connection. */
  readonly offline?: boolean | undefined;
}

export interface ObtainProgress {
  readonly stage: 'fetching' | 'converting';
  /** For people: what is happening, without a full stop. */
  readonly text: string;
  /** Of the stage, in [0, 1]; of fetching it begins anew with each source. */
  readonly fraction: number;
  /** Whether the text is about how far it is, something new, or why a source did not give the model. */
  readonly about: 'progress' | 'news' | 'failure';
}

export type ObtainOutcome =
  | {
      readonly kind: 'obtained';
      readonly folder: string;
      readonly ms: { readonly fetch: number; readonly convert: number };
    }
  | { readonly kind: 'failed'; readonly failure: Failure };
