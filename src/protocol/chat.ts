/**
 * The messages between the chat page and the extension. The extension holds the conversation; the page shows it and
 * may be thrown away and loaded anew at any time: it says `ready`, gets the state, and follows what is under way.
 */

import type { LoadStage, StopReason, Unit } from './engine.ts';
import type { ExplainOutcome } from './explain.ts';
import type { Failure } from './failure.ts';

/** What is known of an answer, finished or not. */
export interface AnswerSoFar {
  readonly text: string;
  /** Steps: tokens, or bytes where `unit` is that. */
  readonly tokens: number;
  /** Absent before the first step. */
  readonly unit?: Unit;
  /** Mean share of each expert over all tokens so far, summing to 1; empty before the first token. */
  readonly shares: Readonly<Record<string, number>>;
  /** Where each part of `text` comes from, in its order: their lengths add up to that of `text`. */
  readonly pieces: readonly AnswerPiece[];
}

/** A part of an answer, as it was streamed. */
export interface AnswerPiece {
  /** In UTF-16 units. */
  readonly length: number;
  /** Steps whose text this is, with those before it that gave no text of their own. */
  readonly steps: number;
  /** Share of each expert, to three digits; one without any is left out. */
  readonly shares: Readonly<Record<string, number>>;
  /** The least agreement between the experts, in [0, 1] to three digits; absent where not all of them were run. */
  readonly agreement?: number;
}

export type Answer =
  | ({ readonly kind: 'streaming' } & AnswerSoFar)
  | ({
      readonly kind: 'done';
      /** `closed`: the window was closed while it was being written. */
      readonly stop: StopReason | 'closed';
      /** Of the experts when it ended, in [0, 1]; absent where that is not known. */
      readonly weights?: Readonly<Record<string, number>>;
      /** Absent where nothing was generated. */
      readonly tokensPerSecond?: number;
    } & AnswerSoFar)
  /** `text` holds what had appeared before the failure. */
  | ({ readonly kind: 'failed'; readonly failure: Failure } & AnswerSoFar);

/** A text that goes with a question, or would, as it is shown. */
export interface AttachmentNote {
  /** `refused`: it does not go with it, and `detail` says why. */
  readonly kind: 'attached' | 'refused';
  readonly name: string;
  readonly detail: string;
  /** Where not all of it is read. */
  readonly remark?: string;
}

export interface Attached extends AttachmentNote {
  /** As it stands in the question: `@file:src/a.ts`. */
  readonly mention: string;
  /** What the experts get. */
  readonly text: string;
  readonly language: string;
}

export interface Turn {
  /** Unique in the life of the extension host. */
  readonly id: number;
  readonly question: string;
  /** Absent until what the question mentions was read. */
  readonly attached?: readonly Attached[];
  readonly answer: Answer;
}

/** An expert as the chat shows it. */
export interface ChatExpert {
  readonly id: string;
  /** What it is called towards people, by their own choice where they made one. */
  readonly name: string;
  /** Whether it takes part in the mix. */
  readonly active: boolean;
  readonly state:
    | { readonly kind: 'off' }
    | { readonly kind: 'unloaded' }
    | { readonly kind: 'loading'; readonly progress: number; readonly stage?: LoadStage }
    | { readonly kind: 'ready' }
    | { readonly kind: 'failed' };
}

/** A turn without its answer, which is got by `follow`: so an answer crosses once, however often the state does. */
export interface TurnHead {
  readonly id: number;
  readonly question: string;
  readonly kind: Answer['kind'];
  readonly attached: readonly AttachmentNote[];
}

export interface ChatState {
  readonly turns: readonly TurnHead[];
  readonly experts: readonly ChatExpert[];
  /** How many turns were cut off when a question was put anew; `restore` brings them back. */
  readonly cut: number;
}

/** A code block of an answer. */
export interface CodeBlock {
  readonly text: string;
  /** The word after the fence, possibly empty. */
  readonly language: string;
}

/** First the answer as it stands, then what is added to it: `text` and `pieces` of a delta are the new ones alone. */
export type AnswerUpdate =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'delta'; readonly delta: AnswerSoFar };

interface Accepted {
  readonly kind: 'ok';
}

/** What the page asks of the extension. A type, not an interface: an interface that extended `Contract` would take any name. */
export type ChatCalls = {
  /** The page has loaded and listens. */
  ready: { params: Record<string, never>; result: ChatState; update: never };
  /**
   * Puts a question; `replaces` names a turn in whose place it is put: that one and all after it are cut off. The new turn comes with
   * `state`.
   */
  ask: {
    params: { readonly question: string; readonly replaces?: number };
    result: Accepted;
    update: never;
  };
  /** Streams an answer until it ends, and gives it whole. Cancelling the call stops the generation. */
  follow: { params: { readonly id: number }; result: Answer; update: AnswerUpdate };
  /** What would go with a question that is being written. */
  preview: {
    params: { readonly question: string };
    result: readonly AttachmentNote[];
    update: never;
  };
  /** Paths of the workspace that fit what was typed of one, the best first. */
  files: { params: { readonly query: string }; result: readonly string[]; update: never };
  /** Puts the turns that were cut off back in place of those that were asked instead. */
  restore: { params: Record<string, never>; result: Accepted; update: never };
  /** What each expert would have said at a step of an answer, counted from 0. */
  explain: { params: { readonly id: number; readonly step: number }; result: ExplainOutcome; update: never };
  /** Begins a new conversation; the one before stays in the history, where there is one. */
  begin: { params: Record<string, never>; result: Accepted; update: never };
  copy: { params: { readonly text: string }; result: Accepted; update: never };
  /** Writes into the active editor, over its selection. */
  insert: { params: { readonly text: string }; result: Accepted; update: never };
  /** Shows what a code block would change in the active editor; nothing changes before the user accepts it. */
  propose: { params: CodeBlock; result: Accepted; update: never };
  /** Opens a code block as a new file without a name. */
  create: { params: CodeBlock; result: Accepted; update: never };
  /** Opens a web address after the editor's own question whether to trust it. */
  open: { params: { readonly url: string }; result: Accepted; update: never };
};

/** What the extension tells the page. */
export type ChatEvents = {
  state: { params: ChatState; result: undefined; update: never };
  /** Puts the keyboard into the question. */
  focus: { params: Record<string, never>; result: undefined; update: never };
};

/**
 * A message with the page it belongs to. A reloaded page counts its calls from 1 again, so without the name an answer
 * to the page before could be taken for its own.
 */
export interface PageMessage {
  readonly page: string;
  readonly message: unknown;
}

export function isPageMessage(value: unknown): value is PageMessage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'page' in value &&
    typeof value.page === 'string' &&
    'message' in value
  );
}
