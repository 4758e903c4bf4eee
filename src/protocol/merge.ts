/** The messages between the extension and the process that merges models. */

export interface MergeRequest {
  /** A recipe in mergekit's YAML, or in JSON, which is YAML too. */
  readonly recipe: string;
  /** The folder of each model that the recipe names. */
  readonly folders: Readonly<Record<string, string>>;
  /** The folder to make. */
  readonly out: string;
  readonly name: string;
  readonly seed: number;
}

export interface MergeProgress {
  /** 0 to 1. */
  readonly done: number;
  readonly tensor: string;
}

export interface MergeReport {
  readonly folder: string;
  readonly tensors: number;
  /** Of the weights. */
  readonly bytes: number;
  /** What of the recipe had no effect, and what of the models differs, in sentences. */
  readonly notes: readonly string[];
}

export interface MergeCalls {
  merge: { params: MergeRequest; result: MergeReport; update: MergeProgress };
}
