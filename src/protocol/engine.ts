/** The messages between the extension and the engine process. Plain data only; text crosses, logits never do. */

import type { AdviseOutcome, AdviseProgress, AdviseRequest } from './advice.ts';
import type { ExplainOutcome } from './explain.ts';
import type { Failure } from './failure.ts';
import type {
  BundleOutcome,
  BundleRequest,
  DescribeOutcome,
  DiscardOutcome,
  DiscardRequest,
  ObtainOutcome,
  ObtainProgress,
  ObtainRequest,
  PlaceRequest,
} from './obtain.ts';
import type { Contract } from './rpc.ts';

/** The rule that joins the experts' distributions into one (docs/design.md, "pool"). */
export type PoolSetting =
  | { readonly kind: 'linear' }
  | { readonly kind: 'geometric' }
  | { readonly kind: 'power'; readonly exponent: number };

/**
 * How the experts' weights are found: as given; from how well each expert foresaw the prompt; following how well each
 * foresees the answer; following the prompt and then the answer; or by how sure each is of the next token.
 * Where the mix changes in the middle of an answer they are found anew from the prompt, and what the answer taught is forgotten.
 */
export type WeightingSetting = 'fixed' | 'prompt' | 'fixedShare' | 'adaptive' | 'confidence';

/** Bits of a model's weights: which of its stored graphs to run, or what to build from its tensors; `auto` takes int4 where it can. */
export type Precision = 'auto' | 'fp32' | 'q8' | 'q4';

/** What a model's graph runs on. */
export type Device = 'cpu' | 'webgpu' | 'cuda' | 'directml' | 'coreml';

/** `auto`: the first device that answers as the CPU does and sooner, else the CPU. */
export type DeviceSetting = 'auto' | Device;

export interface ExpertSetting {
  /** Stable name shown to the user, `pocket/code` for instance. */
  readonly id: string;
  /** Absolute path of the folder of a model or an adapter, or of a GGUF file. */
  readonly folder: string;
  /** Of an adapter the absolute path of its base; where it is left out, it is looked for. */
  readonly base?: string | undefined;
  readonly precision: Precision;
  /** `cpu` where left out. */
  readonly device?: DeviceSetting | undefined;
  /** Most tokens it is given, where that is less than the model reads; left out: all that it reads. */
  readonly contextLimit?: number | undefined;
  /** Whether it takes part; an inactive expert is not loaded, or is unloaded. */
  readonly active: boolean;
  /** Relative weight, >= 0; only ratios count. Of a veto its strength: 1 lowers to what the veto itself would give. */
  readonly weight: number;
  /** A voice (where left out) proposes; a veto only lowers what the voices propose (core/veto.ts). */
  readonly role?: 'voice' | 'veto' | undefined;
}

/** Where an answer appears: as ghost text, or in a chat. */
export type Surface = 'completion' | 'chat';

/** How the experts' distributions become one. */
export interface MixRules {
  readonly pool: PoolSetting;
  readonly weighting: WeightingSetting;
  /**
   * What holds on one surface in place of that. Who takes part on one surface stays loaded on the other: experts of one base stay one
   * group, and nothing is opened anew between a completion and a chat.
   */
  readonly surfaces?: Readonly<Partial<Record<Surface, SurfaceRules>>> | undefined;
}

export interface SurfaceRules {
  /** By id; one that is not named has its own weight, and of weight 0 takes no part here. */
  readonly weights?: Readonly<Record<string, number>> | undefined;
  readonly weighting?: WeightingSetting | undefined;
}

/** Everything the engine needs to know about the mix; sent whole at each change, in force at the next token. */
export interface MixSetting extends MixRules {
  readonly experts: readonly ExpertSetting[];
  readonly resources?: ResourceSetting | undefined;
}

/** What the experts may take of the machine. */
export interface ResourceSetting {
  /** Experts are unloaded when nothing was asked of them for so long; 0 or left out: never. */
  readonly unloadAfterMinutes?: number;
  /** Bytes that all loaded experts may need together; left out: what is free when they load. */
  readonly memoryLimit?: number;
}

/** `converting`: what comes as tensors is made into a graph first, once. */
export type LoadStage = 'converting' | 'loading';

export type ExpertState =
  | { readonly kind: 'off' }
  /** It takes part, was not used for a while, and loads with the next request. */
  | { readonly kind: 'unloaded' }
  /** `progress` in [0, 1], of the stage; `loading` where none is given. */
  | { readonly kind: 'loading'; readonly progress: number; readonly stage?: LoadStage }
  | {
      readonly kind: 'ready';
      /** As people know it: `CPU`, `WebGPU`. */
      readonly device: string;
      /** Why it is this one, where another was asked for or tried. */
      readonly deviceReason?: string;
      readonly memoryBytes: number;
      readonly precision: string;
      /** How many tokens of prompt and answer it reads. */
      readonly contextLength?: number;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface ExpertStatus {
  readonly id: string;
  readonly state: ExpertState;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export type Prompt =
  /** Text in which special tokens count. */
  | { readonly kind: 'text'; readonly text: string }
  /** Goes through the model's own chat template; special tokens inside `content` stay text. */
  | { readonly kind: 'messages'; readonly messages: readonly ChatMessage[] }
  /** Text before and after the cursor; an expert that knows fill-in-the-middle sees both, others the prefix alone. */
  | {
      readonly kind: 'infill';
      readonly prefix: string;
      readonly suffix: string;
      /** The file's name, or its path in the repository. */
      readonly file?: string;
      /** The repository's name. */
      readonly repository?: string;
      /** Pieces of other files, the most useful first; experts that never learned to tell files apart do not get them. */
      readonly chunks?: readonly FileChunk[];
    };

/** A piece of a file, which is named by its path in the repository or its name. */
export interface FileChunk {
  readonly file: string;
  readonly text: string;
}

export interface Sampling {
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 keeps every token. */
  readonly topK: number;
  /** 1 keeps every token. */
  readonly topP: number;
  /** 0 keeps every token. */
  readonly minP: number;
  readonly seed: number;
}

/**
 * Ways to need fewer runs of the experts for the same answer (core/decode.ts).
 * lookup   guesses from the context, several checked in one run: for text that repeats
 * inTurn   the experts guess for each other
 * lazily   an expert that cannot change a token is not run for it; drawn by chance the same distribution, but for one seed
 *          another text
 * auto     those of the above that pay and that leave the text for a seed as it is
 * Where several candidates are compared, lazily and auto are lookup: an expert left out leaves their probabilities unknown.
 * With int4 weights all of them are the same but for rounding, which near a tie can choose another token.
 */
export type Acceleration = 'none' | 'lookup' | 'inTurn' | 'lazily' | 'auto';

/** What an answer must match as a whole; the answer ends only where it does. */
export type GrammarSetting =
  /** As in JavaScript with the flag `u`, anchored at both ends. */
  | { readonly kind: 'regex'; readonly pattern: string }
  /** A JSON value; `schema` (draft 2020-12, in part) says which, any where it is left out. */
  | { readonly kind: 'json'; readonly schema?: unknown };

/** Another mix than the one in force, for one request. Its experts are loaded for it where they are not. */
export interface RequestMix {
  /** By id; who is not named takes no part. */
  readonly weights: Readonly<Record<string, number>>;
  readonly pool: PoolSetting;
  readonly weighting: WeightingSetting;
}

export interface CountRequest {
  readonly text: string;
  /** The experts whose tokens count. */
  readonly ids: readonly string[];
}

/** `tokens` is the most that any of the experts needs. */
export type CountOutcome =
  | { readonly kind: 'counted'; readonly tokens: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The prompt that one expert would get. */
export interface ShownPrompt {
  readonly expert: string;
  /** Most tokens that a completion's prompt has for it. */
  readonly most: number;
  /** In the order in which it reads them. */
  readonly parts: readonly ShownPart[];
  /** The end of the user's text that is taken off the prompt, for the answer to begin with. */
  readonly opening: string;
}

export interface ShownPart {
  readonly kind: 'marker' | 'repository' | 'chunk' | 'prefix' | 'suffix';
  /** Of a chunk. */
  readonly file?: string;
  readonly tokens: number;
  readonly text: string;
}

export type ShowPromptOutcome =
  | { readonly kind: 'shown'; readonly prompts: readonly ShownPrompt[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface GenerateRequest {
  /** A completion goes before a chat between two tokens. */
  readonly surface: Surface;
  readonly prompt: Prompt;
  /** In place of the mix in force. */
  readonly mix?: RequestMix | undefined;
  readonly maxTokens: number;
  /**
   * Where an expert's context is full, the answer stops (`stop`, where it is left out), or that expert forgets the middle of it and
   * the answer goes on (`slide`; core/slide.ts). Answers mixed by bytes always stop.
   */
  readonly whenFull?: 'stop' | 'slide' | undefined;
  readonly sampling: Sampling;
  /** Generation ends before the first of these; the text that matched is not part of the result. */
  readonly stop: readonly string[];
  /**
   * Of an infill: the answer ends after the block that the cursor stands in, by the grammar of the file's language where there is one,
   * else by indentation.
   */
  readonly endsWithBlock?: boolean | undefined;
  readonly accelerate: Acceleration;
  readonly grammar?: GrammarSetting | undefined;
  /**
   * How many answers to draw, with the seeds seed, seed + 1, ..., of which the one with the least wrong in it is given; 1 where it is
   * left out. More than 1 needs a temperature above 0, and nothing streams before the choice.
   */
  readonly candidates?: number | undefined;
  /**
   * `auto` lets one expert answer alone where the mixture would hardly differ from it: sooner, not the same. `never` unless given.
   */
  readonly route?: RouteSetting;
  /** How far the mixture may be from that expert, as total variation in [0, 1]; 0.1 unless given. */
  readonly routeWithin?: number;
  /** A row per token in the result. */
  readonly trace: boolean;
  /**
   * How many of the most probable tokens each row of the trace names, 0 for none. Where it is given, each piece that streams has its
   * rows with it; accelerated lazily, rows for which not all experts were run have none.
   */
  readonly alternatives?: number | undefined;
  /** Entropy and agreement of each piece as it streams; with `trace` they are there anyway. */
  readonly observe?: boolean | undefined;
}

export type RouteSetting = 'never' | 'auto';

/** A place in an answer, for what each expert would have said there. */
export interface ExplainRequest {
  readonly surface: Surface;
  readonly prompt: Prompt;
  /** As in the request that drew the answer. */
  readonly route: RouteSetting;
  readonly unit: Unit;
  /** The steps of the answer as they were drawn, up to the one that is explained; at least that one. */
  readonly ids: readonly number[];
  /** How many possibilities of each to give. */
  readonly top: number;
}

/** A piece of the answer as it appears. */
export interface Delta {
  readonly text: string;
  /** Steps so far: tokens, or bytes where experts of different vocabularies are mixed. */
  readonly tokens: number;
  readonly unit: Unit;
  /** Mean share of each expert over all tokens so far, summing to 1: w_i p_i(x) / m(x). */
  readonly shares: Readonly<Record<string, number>>;
  /** Of this piece alone. */
  readonly origin: PieceOrigin;
  /** The rows of its tokens, where `alternatives` were asked for. */
  readonly trace?: readonly TokenTrace[];
}

/** Where a piece of text comes from: its tokens, and those before it whose text was held back. */
export interface PieceOrigin {
  /** Mean share of each expert, summing to 1. */
  readonly shares: Readonly<Record<string, number>>;
  /** Natural log-probability under the pool; absent where not all experts were run. */
  readonly logProb?: number;
  /** The least agreement between the experts; absent where it was not observed. */
  readonly agreement?: number;
  /** The largest entropy of the pool, in nats; absent where it was not observed. */
  readonly entropy?: number;
}

/**
 * What was mixed at each step: tokens where the experts share a vocabulary, bytes where they do not. By bytes `ids` are the bytes
 * drawn, and 256 for the end.
 */
export type Unit = 'token' | 'byte';

export type StopReason = 'end' | 'length' | 'stop' | 'cancelled';

/** One generated token, as the mixture saw it. */
export interface TokenTrace {
  readonly id: number;
  /** What it adds to the answer; nothing where it ends inside a character, which the token that ends it adds. */
  readonly text: string;
  /** What it stands for; none for the end of the answer. */
  readonly bytes: readonly number[];
  /** Natural log-probability under the pool, before temperature and filters. */
  readonly logProb: number;
  readonly shares: Readonly<Record<string, number>>;
  readonly weights: Readonly<Record<string, number>>;
  /** Entropy of the pool in nats. */
  readonly entropy: number;
  /** 1 - total variation between the experts, 1 for one expert. */
  readonly agreement: number;
  /** The experts that were run for this token. */
  readonly evaluated: readonly string[];
  /** Most probable first; where they were asked for. */
  readonly alternatives?: readonly AlternativeToken[];
}

export interface AlternativeToken {
  readonly id: number;
  /** None for the end of the answer and for tokens without text. */
  readonly bytes: readonly number[];
  /** Natural log-probability under the pool. */
  readonly logProb: number;
}

export interface Generated {
  readonly text: string;
  readonly unit: Unit;
  readonly ids: readonly number[];
  readonly stop: StopReason;
  readonly shares: Readonly<Record<string, number>>;
  /** Normalised weights at the end. */
  readonly weights: Readonly<Record<string, number>>;
  /** The expert that answered alone, where the request was routed to one. */
  readonly routed?: string;
  /** Length of each expert's own prompt. */
  readonly promptTokens: Readonly<Record<string, number>>;
  /** How many of those were already in the KV cache. */
  readonly reusedTokens: Readonly<Record<string, number>>;
  readonly ms: { readonly prefill: number; readonly decode: number };
  /** By bytes alone: how often each expert was evaluated for the answer. */
  readonly evaluations?: Readonly<Record<string, number>>;
  readonly trace?: readonly TokenTrace[];
  /** Where several were asked for: all of them, and which one this is. */
  readonly candidates?: readonly Candidate[];
  readonly chosen?: number;
}

export interface Candidate {
  readonly text: string;
  readonly stop: StopReason;
  /** What it was judged by, lower is better, the first term that differs decides (engine/energy.ts). */
  readonly energy: readonly number[];
}

export type GenerateOutcome =
  | { readonly kind: 'generated'; readonly result: Generated }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface EngineCalls extends Contract {
  configure: { params: MixSetting; result: { readonly kind: 'ok' }; update: never };
  /** Loads what is active and not loaded yet, and waits for it. */
  load: { params: { readonly ids?: readonly string[] }; result: readonly ExpertStatus[]; update: never };
  generate: { params: GenerateRequest; result: GenerateOutcome; update: Delta };
  /** Counts tokens by the experts' own tokenizers. */
  count: { params: CountRequest; result: CountOutcome; update: never };
  /** What each expert would have said at one place of an answer. */
  explain: { params: ExplainRequest; result: ExplainOutcome; update: never };
  /** What each expert that takes part would read for a completion. */
  showPrompt: {
    params: Prompt & { readonly kind: 'infill' };
    result: ShowPromptOutcome;
    update: never;
  };
  /** Measures every expert of the mix, active or not, on given texts, and says which to use. */
  advise: { params: AdviseRequest; result: AdviseOutcome; update: AdviseProgress };
  /** Fetches a model of the catalogue or looks through one that the user has, and makes its graph. */
  obtain: { params: ObtainRequest; result: ObtainOutcome; update: ObtainProgress };
  bundle: { params: BundleRequest; result: BundleOutcome; update: ObtainProgress };
  /** Reads what a model's files say of it; loads nothing. */
  describe: { params: PlaceRequest; result: DescribeOutcome; update: never };
  /** Deletes what was built of a model that is no expert any more, and its files where they are Chorus's own. */
  discard: { params: DiscardRequest; result: DiscardOutcome; update: never };
  /** Answered at once by an engine that is not stuck. */
  ping: { params: Record<string, never>; result: { readonly kind: 'ok' }; update: never };
}

/** What the engine tells without being asked. */
export interface EngineEvents extends Contract {
  experts: { params: readonly ExpertStatus[]; result: undefined; update: never };
  log: {
    params: { readonly level: 'info' | 'warn' | 'error'; readonly text: string };
    result: undefined;
    update: never;
  };
}
