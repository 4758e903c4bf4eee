/** The messages about models: bringing one onto the machine or taking one that is there, what is known of one, and letting go of one. */

import type { Failure } from './failure.ts';

export type ObtainRequest =
  | {
      readonly kind: 'fetch';
      /** Its id in the catalogue. */
      readonly model: string;
      /** What the user's settings say; what is left out or empty comes from the environment. */
      readonly choices: ObtainChoices;
    }
  /** A model that the user has: it is looked through and converted; its files stay where they are. */
  | ({ readonly kind: 'import' } & PlaceRequest);

export interface ObtainChoices {
  /** Address of the hub. */
  readonly hub?: string | undefined;
  /** How pip is called. */
  readonly pip?: string | undefined;
  /** Forbids every connection. */
  readonly offline?: boolean | undefined;
  /** Goes before the environment's. */
  readonly token?: HubToken | undefined;
}

/** What opens limited repositories of one hub; sent to its origin and to no other. */
export interface HubToken {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly value: string;
}

/** Where a model lies. */
export interface PlaceRequest {
  /** Absolute path of the folder of a model or an adapter, or of a GGUF file. */
  readonly folder: string;
  /** Of an adapter that of its base; where it is left out, it is looked for. */
  readonly base?: string | undefined;
  /** Those of the other experts. */
  readonly folders: readonly string[];
  readonly precision: 'auto' | 'fp32' | 'q8' | 'q4';
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

/** What a model's files say of it. */
export interface ModelFacts {
  /** Empty where no manifest gives one. */
  readonly name: string;
  readonly summary: string;
  readonly licence: string;
  readonly format: 'onnx' | 'safetensors' | 'gguf';
  /** Of the graph that is run. */
  readonly precision: string;
  /** Of its tensors or its graph, on the disk. */
  readonly bytes: number;
  /** Estimated for its whole context, in bytes. */
  readonly memoryBytes: number;
  /** In tokens. */
  readonly contextLength: number;
  readonly layers: number;
  /** Number of tokens. */
  readonly vocabulary: number;
  /** SHA-256 over the tokens: experts with the same are mixed token by token. */
  readonly vocabularyHash: string;
  /** Whether it has a chat template. */
  readonly chat: boolean;
  /** Whether it fills in between what stands before and after the cursor. */
  readonly infill: boolean;
  /** Of an adapter, its base. */
  readonly base?: string;
}

export type DescribeOutcome =
  | { readonly kind: 'described'; readonly facts: ModelFacts }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface DiscardRequest extends PlaceRequest {
  /** Whether the model's own files go too, of a model that Chorus fetched or merged; those of a user are never touched. */
  readonly files: boolean;
}

export type DiscardOutcome =
  /** Whether the model's own files are gone, and the bytes on the disk that are free again. */
  | { readonly kind: 'discarded'; readonly files: boolean; readonly bytes: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Models in one archive, for machines without a network. */
export type BundleRequest =
  /** Those with these ids of the catalogue into `file`, in place of one that is there. */
  | { readonly kind: 'export'; readonly models: readonly string[]; readonly file: string }
  | { readonly kind: 'import'; readonly file: string };

export type BundleOutcome =
  | { readonly kind: 'exported' }
  | { readonly kind: 'imported'; readonly models: readonly ImportedModel[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface ImportedModel {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  /** Whether the catalogue vouches for its files; otherwise the bundle alone does. */
  readonly known: boolean;
}
