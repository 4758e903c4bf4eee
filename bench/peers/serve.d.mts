export interface OpenOrder {
  /** A model folder per expert, or for llama.cpp one GGUF file. */
  readonly models: readonly string[];
  readonly threads: number;
  /** The longest prompt and its answer, in tokens. */
  readonly longest: number;
  /** The bundled programs and the folder for built graphs; only Chorus needs them. */
  readonly programs: string;
  readonly cacheFolder: string;
}

export interface AnswerOrder {
  readonly prompt: readonly number[];
  /** How many tokens to generate, greedily and past any end of the text. */
  readonly tokens: number;
  /** Whether what is remembered of earlier prompts may be used. */
  readonly warm: boolean;
}

export interface Answered {
  /** From being asked to the first token. */
  readonly firstMs: number;
  /** From the first token to the last. */
  readonly restMs: number;
  readonly ids: readonly number[];
}

export interface Opened {
  /** What is measured, for instance `llama.cpp`, with its version. */
  readonly versions: Readonly<Record<string, string>>;
  answer(order: AnswerOrder): AsyncIterable<number>;
}

export function serve(open: (order: OpenOrder) => Promise<Opened>): void;
