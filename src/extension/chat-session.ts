/**
 * The conversation behind the chat page, without the editor: turns, the one generation under way, and who follows it.
 * It outlives every page that shows it.
 */

import { randomUUID } from 'node:crypto';
import { t } from '@vscode/l10n';
import type { Answer, AnswerSoFar, AnswerUpdate, Turn } from '../protocol/chat.ts';
import type { Delta, ExplainRequest, GenerateOutcome, GenerateRequest } from '../protocol/engine.ts';
import type { ExplainOutcome } from '../protocol/explain.ts';
import { toFailure } from '../protocol/failure.ts';
import { pieceOf } from './answer-piece.ts';
import type { AttachOutcome } from './attach.ts';
import { questionWith } from './attachments.ts';
import { type ChatSettings, type Drawn, drawnBy, endedAnswer, requestFor } from './chat-request.ts';
import { failureTold } from './failure-text.ts';

export interface ChatSessionDependencies {
  /** Never rejects: what goes wrong is an outcome of kind 'failed'. */
  generate(
    request: GenerateRequest,
    options: { readonly signal: AbortSignal; readonly onUpdate: (delta: Delta) => void },
  ): Promise<GenerateOutcome>;
  /** Never rejects. */
  explain(request: ExplainRequest, options: { readonly signal: AbortSignal }): Promise<ExplainOutcome>;
  /** Reads what a question mentions. Never rejects. */
  attach(question: string): Promise<AttachOutcome>;
  /** Read anew for each question. */
  chatSettings(): ChatSettings;
  /** A fresh seed for each question. */
  seed(): number;
}

/** What is kept of a conversation, and what a session goes on from. */
export interface Conversation {
  readonly id: string;
  readonly turns: readonly Turn[];
  /** What was cut off from a place in `turns`, until the next question is put after it. */
  readonly cut: { readonly from: number; readonly turns: readonly Turn[] };
}

export interface ChatSession {
  turns(): readonly Turn[];
  conversation(): Conversation;
  /**
   * Puts a question and resolves when its answer has ended. An answer still under way is stopped first. `replaces`
   * names a turn that is cut off with all after it; of a turn that is gone it changes nothing.
   */
  ask(question: string, replaces?: number): Promise<void>;
  /** Resolves with the answer when it ends; aborting stops the generation. Undefined for a turn that is gone. */
  follow(
    id: number,
    options: { readonly signal: AbortSignal; readonly onUpdate: (update: AnswerUpdate) => void },
  ): Promise<Answer | undefined>;
  /** How many turns `restore` would bring back. */
  cut(): number;
  /** Puts the turns that were cut off back in place of what was asked instead, which is cut off in turn. */
  restore(): Promise<void>;
  /** What each expert would have said at a step of an ended answer. Never rejects. */
  explain(id: number, step: number, signal: AbortSignal): Promise<ExplainOutcome>;
  /** Stops what is under way and shows another conversation in place of this one; its turns get new ids. */
  open(conversation: Conversation): Promise<void>;
  stop(): void;
}

interface GenerateOptions {
  readonly signal: AbortSignal;
  /** Whether the same question was answered before. */
  readonly another: boolean;
}

interface Running {
  readonly id: number;
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

/** Possibilities of each expert that are explained. */
const EXPLAINED = 5;

/** Temperature, at least, where another answer to the same question is wanted: greedily it would be the same one. */
const ANOTHER = 0.7;

const NOTHING_YET: Answer = { kind: 'streaming', text: '', tokens: 0, shares: {}, pieces: [] };

const NOTHING_CUT = { from: 0, turns: [] };

export function newConversation(): Conversation {
  return { id: randomUUID(), turns: [], cut: NOTHING_CUT };
}

/** `changed` is called after each change of the turns, but not for the pieces of an answer: those go to followers. */
export function createChatSession(dependencies: ChatSessionDependencies, changed: () => void): ChatSession {
  const followers = new Set<{ readonly id: number; readonly onUpdate: (update: AnswerUpdate) => void }>();
  const drawn = new Map<number, Drawn>();
  let { id: name, turns, cut } = newConversation();
  let running: Running | undefined;
  let nextId = 1;

  const find = (id: number): Turn | undefined => turns.find((turn) => turn.id === id);

  const setAnswer = (id: number, answer: Answer): void => {
    turns = turns.map((turn) => (turn.id === id ? { ...turn, answer } : turn));
  };

  const receive = (id: number, delta: Delta): void => {
    const turn = find(id);
    if (turn?.answer.kind !== 'streaming') return;
    const { answer } = turn;
    const { text, tokens, unit, shares } = delta;
    const piece = pieceOf(delta, tokens - answer.tokens);
    const added: AnswerSoFar = { text, tokens, unit, shares, pieces: [piece] };
    setAnswer(id, {
      ...added,
      kind: 'streaming',
      text: answer.text + text,
      pieces: [...answer.pieces, piece],
    });
    for (const follower of followers) {
      if (follower.id === id) follower.onUpdate({ kind: 'delta', delta: added });
    }
  };

  const attachedTo = async (turn: Turn): Promise<AttachOutcome> => {
    if (turn.attached !== undefined) return { kind: 'attached', texts: turn.attached };
    const read = await dependencies.attach(turn.question);
    if (read.kind === 'attached' && read.texts.length > 0) {
      turns = turns.map((one) => (one.id === turn.id ? { ...one, attached: read.texts } : one));
      changed();
    }
    return read;
  };

  const outcomeOf = async (
    turn: Turn,
    earlier: readonly Turn[],
    { signal, another }: GenerateOptions,
  ): Promise<GenerateOutcome> => {
    const set = dependencies.chatSettings();
    const settings = another ? { ...set, temperature: Math.max(set.temperature, ANOTHER) } : set;
    const read = await attachedTo(turn);
    if (read.kind === 'refused')
      return { kind: 'failed', failure: { code: 'request-invalid', message: read.reason } };
    const question = questionWith(turn.question, read.texts);
    const send = async (history: readonly Turn[]): Promise<GenerateOutcome> => {
      const request = requestFor(question, history, settings, dependencies.seed());
      const sent = await dependencies.generate(request, {
        signal,
        onUpdate: (delta) => receive(turn.id, delta),
      });
      if (sent.kind === 'generated') drawn.set(turn.id, drawnBy(request, sent.result));
      return sent;
    };
    let outcome = await send(earlier);
    const full = outcome.kind === 'failed' && outcome.failure.code === 'context-full';
    if (full && earlier.length > 0 && !signal.aborted) outcome = await send([]);
    return outcome.kind === 'failed' ? { kind: 'failed', failure: failureTold(outcome.failure) } : outcome;
  };

  /** Whatever fails is the turn's answer: the next question never waits for one that cannot end. */
  const generate = async (turn: Turn, earlier: readonly Turn[], options: GenerateOptions): Promise<void> => {
    let outcome: GenerateOutcome;
    try {
      outcome = await outcomeOf(turn, earlier, options);
    } catch (thrown) {
      outcome = { kind: 'failed', failure: failureTold(toFailure(thrown)) };
    }
    setAnswer(turn.id, endedAnswer(find(turn.id)?.answer ?? NOTHING_YET, outcome));
  };

  const start = (question: string, replaces: number | undefined): Promise<void> => {
    const from = turns.findIndex(({ id }) => id === replaces);
    const kept = from < 0 ? turns : turns.slice(0, from);
    const replaced = turns[from];
    const another = replaced?.answer.kind === 'done' && replaced.question === question;
    cut = from < 0 ? NOTHING_CUT : { from, turns: turns.slice(from) };
    forget();
    const turn: Turn = {
      id: nextId++,
      question,
      answer: NOTHING_YET,
      // Another answer is one about the same text, though something else may be selected by now.
      ...(another && replaced?.attached !== undefined && { attached: replaced.attached }),
    };
    const controller = new AbortController();
    turns = [...kept, turn];
    const ended = generate(turn, kept, { signal: controller.signal, another }).finally(() => {
      if (running?.id === turn.id) running = undefined;
      changed();
    });
    running = { id: turn.id, stop: () => controller.abort(), ended };
    changed();
    return ended;
  };

  /** What cannot be shown again cannot be explained either. */
  const forget = (): void => {
    const left = new Set([...turns, ...cut.turns].map(({ id }) => id));
    for (const id of drawn.keys()) if (!left.has(id)) drawn.delete(id);
  };

  /** Callers look again afterwards: another of them may have started something meanwhile. */
  const end = async ({ stop, ended }: Running): Promise<void> => {
    stop();
    await ended;
  };

  return {
    turns: () => turns,
    conversation: () => ({ id: name, turns, cut }),
    async ask(question, replaces) {
      while (running !== undefined) await end(running);
      await start(question, replaces);
    },
    async follow(id, { signal, onUpdate }) {
      const turn = find(id);
      if (turn === undefined || running?.id !== id) return turn?.answer;
      const follower = { id, onUpdate };
      const { stop, ended } = running;
      onUpdate({ kind: 'answer', answer: turn.answer });
      followers.add(follower);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      await ended;
      followers.delete(follower);
      return find(id)?.answer;
    },
    cut: () => cut.turns.length,
    async restore() {
      while (running !== undefined) await end(running);
      if (cut.turns.length === 0) return;
      const { from } = cut;
      const instead = turns.slice(from);
      turns = [...turns.slice(0, from), ...cut.turns];
      cut = { from, turns: instead };
      changed();
    },
    async explain(id, step, signal) {
      const how = drawn.get(id);
      if (how === undefined || step >= how.ids.length) return unexplained();
      const request = { ...how, ids: how.ids.slice(0, step + 1), top: EXPLAINED };
      const outcome = await dependencies.explain(request, { signal });
      return outcome.kind === 'failed' ? { kind: 'failed', failure: failureTold(outcome.failure) } : outcome;
    },
    async open(conversation) {
      while (running !== undefined) await end(running);
      const anew = (turn: Turn): Turn => ({ ...turn, id: nextId++ });
      name = conversation.id;
      turns = conversation.turns.map(anew);
      cut = { ...conversation.cut, turns: conversation.cut.turns.map(anew) };
      forget();
      changed();
    },
    stop: () => running?.stop(),
  };
}

function unexplained(): ExplainOutcome {
  const message = t(
    'What was drawn here is not known: only an answer that ended, in this session of the editor, can be explained. Ask again.',
  );
  return { kind: 'failed', failure: { code: 'request-invalid', message } };
}
