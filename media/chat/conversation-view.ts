/** The list of turns: follows what is under way, draws at most once a frame, and keeps the end in sight. */

import type {
  Answer,
  AnswerSoFar,
  ChatCalls,
  ChatExpert,
  ChatState,
  TurnHead,
} from '../../src/protocol/chat.ts';
import { toFailure } from '../../src/protocol/failure.ts';
import type { Connection } from '../../src/protocol/rpc.ts';
import { createTurnView, type TurnView } from './turn-view.ts';

export interface ConversationView {
  show(state: ChatState): void;
  /** Shows every answer as who said what, or as what its Markdown means. */
  showOrigins(on: boolean): void;
  /** Stops every answer under way. */
  stop(): void;
}

export interface ConversationParts {
  readonly list: HTMLElement;
  /** Shown while there is no turn. */
  readonly empty: HTMLElement;
  readonly announcement: HTMLElement;
  /** Told after each drawing whether an answer is under way. */
  readonly drawn: (facts: { readonly streaming: boolean; readonly empty: boolean }) => void;
}

interface Shown {
  /** Absent until it has come. */
  answer: Answer | undefined;
  readonly view: TurnView;
  /** Whether it is being written, as far as is known. */
  streaming: boolean;
  /** Present while the answer is followed. */
  following?: AbortController;
}

/** How near the end, in pixels, counts as being there. */
const NEAR = 32;

/** In milliseconds; a restored conversation is drawn over several frames. */
const FRAME_BUDGET = 4;

const NOTHING: AnswerSoFar = { text: '', tokens: 0, shares: {}, pieces: [] };

export function createConversationView(
  connection: Connection<ChatCalls>,
  { list, empty, announcement, drawn }: ConversationParts,
): ConversationView {
  const shown = new Map<number, Shown>();
  const dirty = new Set<number>();
  let experts: readonly ChatExpert[] = [];
  let origins = false;
  let scheduled = false;

  const draw = (): void => {
    scheduled = false;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
    const end = performance.now() + FRAME_BUDGET;
    // The newest first: they are in sight.
    for (const id of [...dirty].sort((a, b) => b - a)) {
      const turn = shown.get(id);
      if (turn?.answer !== undefined) turn.view.show(turn.answer, { experts, origins });
      dirty.delete(id);
      if (performance.now() > end) break;
    }
    empty.hidden = shown.size > 0;
    if (atEnd) list.scrollTop = list.scrollHeight;
    if (dirty.size > 0) schedule();
    drawn({
      streaming: [...shown.values()].some((turn) => turn.streaming),
      empty: shown.size === 0,
    });
  };

  const schedule = (): void => {
    if (!scheduled) requestAnimationFrame(draw);
    scheduled = true;
  };

  const change = (id: number, answer: Answer): void => {
    const turn = shown.get(id);
    if (turn === undefined) return;
    turn.answer = answer;
    turn.streaming = answer.kind === 'streaming';
    dirty.add(id);
    schedule();
  };

  const add = (turn: TurnHead): Shown => {
    const { id, kind } = turn;
    const view = createTurnView(turn, {
      again: (anew) => connection.tell('ask', { question: anew, replaces: id }),
      explain: async (step) => {
        try {
          return await connection.call('explain', { id, step });
        } catch (thrown) {
          return { kind: 'failed', failure: toFailure(thrown) };
        }
      },
    });
    const added: Shown = { answer: undefined, view, streaming: kind === 'streaming' };
    shown.set(id, added);
    list.append(...view.elements);
    // A new question is always worth seeing.
    list.scrollTop = list.scrollHeight;
    return added;
  };

  const follow = async (id: number, turn: Shown): Promise<void> => {
    const controller = new AbortController();
    turn.following = controller;
    try {
      const answer = await connection.call(
        'follow',
        { id },
        {
          signal: controller.signal,
          onUpdate(update) {
            change(id, update.kind === 'answer' ? update.answer : grown(turn.answer, update.delta));
          },
        },
      );
      const watched = turn.answer !== undefined;
      change(id, answer);
      requestAnimationFrame(() => {
        // Not those of a page that was loaded anew.
        if (answer.kind === 'done' && watched) announcement.textContent = turn.view.spoken();
      });
    } catch (thrown) {
      change(id, { ...(turn.answer ?? NOTHING), kind: 'failed', failure: toFailure(thrown) });
    } finally {
      delete turn.following;
    }
  };

  return {
    show(state) {
      // The experts' order gives their colours.
      const isRecoloured = state.experts.some(
        ({ id, name }, index) => experts[index]?.id !== id || experts[index]?.name !== name,
      );
      experts = state.experts;
      const kept = new Set(state.turns.map(({ id }) => id));
      for (const [id, turn] of shown) {
        if (kept.has(id)) continue;
        for (const part of turn.view.elements) part.remove();
        shown.delete(id);
      }
      for (const turn of state.turns) {
        const entry = shown.get(turn.id) ?? add(turn);
        entry.view.showAttached(turn.attached);
        // What has ended never changes again.
        if (entry.answer === undefined && entry.following === undefined) void follow(turn.id, entry);
      }
      for (const [id, { streaming }] of shown) if (streaming || isRecoloured) dirty.add(id);
      schedule();
    },
    showOrigins(on) {
      origins = on;
      for (const id of shown.keys()) dirty.add(id);
      schedule();
    },
    stop() {
      for (const { following } of shown.values()) following?.abort();
    },
  };
}

function grown(answer: AnswerSoFar = NOTHING, delta: AnswerSoFar): Answer {
  return {
    ...delta,
    kind: 'streaming',
    text: answer.text + delta.text,
    pieces: [...answer.pieces, ...delta.pieces],
  };
}
