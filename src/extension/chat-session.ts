/**
 * The conversation behind the chat page, without the editor: turns, the one generation under way, and who follows it.
 * It outlives every page that shows it.
 */

import type { Answer, AnswerSoFar, AnswerUpdate, Turn } from '../protocol/chat.ts';
import type { Delta, GenerateOutcome, GenerateRequest, RouteSetting } from '../protocol/engine.ts';
import { toFailure } from '../protocol/failure.ts';
import { pieceOf } from './answer-piece.ts';
import { messagesFor } from './chat-prompt.ts';

export interface ChatSettings {
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** Empty for none. */
  readonly systemPrompt: string;
  /** Whether one expert may answer alone where the mixture would hardly differ. */
  readonly route: RouteSetting;
}

export interface ChatSessionDependencies {
  /** Never rejects: what goes wrong is an outcome of kind 'failed'. */
  generate(
    request: GenerateRequest,
    options: { readonly signal: AbortSignal; readonly onUpdate: (delta: Delta) => void },
  ): Promise<GenerateOutcome>;
  /** Read anew for each question. */
  chatSettings(): ChatSettings;
  /** A fresh seed for each question. */
  seed(): number;
}

export interface ChatSession {
  turns(): readonly Turn[];
  /**
   * Puts a question and resolves when its answer has ended. An answer still under way is stopped first. `replaces`
   * names a failed turn that disappears.
   */
  ask(question: string, replaces?: number): Promise<void>;
  /** Resolves with the answer when it ends; aborting stops the generation. Undefined for a turn that is gone. */
  follow(
    id: number,
    options: { readonly signal: AbortSignal; readonly onUpdate: (update: AnswerUpdate) => void },
  ): Promise<Answer | undefined>;
  /** Stops what is under way and forgets every turn. */
  clear(): Promise<void>;
  stop(): void;
}

interface Running {
  readonly id: number;
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

const NOTHING_YET: Answer = { kind: 'streaming', text: '', tokens: 0, shares: {}, pieces: [] };

/** `changed` is called after each change of the turns, but not for the pieces of an answer: those go to followers. */
export function createChatSession(dependencies: ChatSessionDependencies, changed: () => void): ChatSession {
  const followers = new Set<{ readonly id: number; readonly onUpdate: (update: AnswerUpdate) => void }>();
  let turns: readonly Turn[] = [];
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

  const generate = async (turn: Turn, earlier: readonly Turn[], signal: AbortSignal): Promise<void> => {
    const settings = dependencies.chatSettings();
    const send = (history: readonly Turn[]): Promise<GenerateOutcome> =>
      dependencies.generate(requestFor(turn.question, history, settings, dependencies.seed()), {
        signal,
        onUpdate: (delta) => receive(turn.id, delta),
      });
    let outcome: GenerateOutcome;
    try {
      outcome = await send(earlier);
      const full = outcome.kind === 'failed' && outcome.failure.code === 'context-full';
      if (full && earlier.length > 0 && !signal.aborted) outcome = await send([]);
    } catch (thrown) {
      outcome = { kind: 'failed', failure: toFailure(thrown) };
    }
    setAnswer(turn.id, endedAnswer(find(turn.id)?.answer ?? NOTHING_YET, outcome));
  };

  const start = (question: string, replaces: number | undefined): Promise<void> => {
    const kept = turns.filter((turn) => turn.id !== replaces || turn.answer.kind !== 'failed');
    const turn: Turn = { id: nextId++, question, answer: NOTHING_YET };
    const controller = new AbortController();
    turns = [...kept, turn];
    const ended = generate(turn, kept, controller.signal).then(() => {
      if (running?.id === turn.id) running = undefined;
      changed();
    });
    running = { id: turn.id, stop: () => controller.abort(), ended };
    changed();
    return ended;
  };

  /** Callers look again afterwards: another of them may have started something meanwhile. */
  const end = async ({ stop, ended }: Running): Promise<void> => {
    stop();
    await ended;
  };

  return {
    turns: () => turns,
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
    async clear() {
      while (running !== undefined) await end(running);
      turns = [];
      changed();
    },
    stop: () => running?.stop(),
  };
}

function requestFor(
  question: string,
  earlier: readonly Turn[],
  { maxTokens, temperature, systemPrompt, route }: ChatSettings,
  seed: number,
): GenerateRequest {
  return {
    surface: 'chat',
    prompt: { kind: 'messages', messages: messagesFor(question, earlier, systemPrompt) },
    maxTokens,
    whenFull: 'slide',
    // min-p cuts the tail that a small model samples nonsense from (arXiv 2407.01082); greedy is not touched by it.
    sampling: { temperature, topK: 0, topP: 1, minP: 0.05, seed },
    stop: [],
    accelerate: 'lookup',
    route,
    trace: false,
    // Who agreed with whom, for each piece: two passes over the vocabulary a token, beside a run of each expert.
    observe: true,
  };
}

/** A stopped answer is a finished one: what had appeared stays. */
function endedAnswer(answer: Answer, outcome: GenerateOutcome): Answer {
  if (outcome.kind === 'failed') {
    const { text, tokens, unit, shares, pieces } = answer;
    const soFar = { text, tokens, shares, pieces, ...(unit !== undefined && { unit }) };
    if (outcome.failure.code === 'cancelled') return { kind: 'done', stop: 'cancelled', ...soFar };
    return { kind: 'failed', failure: outcome.failure, ...soFar };
  }
  const { result } = outcome;
  const count = result.ids.length;
  const rate =
    count > 0 && result.ms.decode > 0 ? { tokensPerSecond: (1000 * count) / result.ms.decode } : {};
  return {
    kind: 'done',
    stop: result.stop,
    text: result.text,
    tokens: count,
    unit: result.unit,
    shares: result.shares,
    // Nothing of it is known where the whole is not what had streamed.
    pieces: result.text === answer.text ? answer.pieces : [],
    ...rate,
  };
}
