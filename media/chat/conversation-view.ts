/** The list of turns: follows what is under way, draws at most once a frame, and keeps the end in sight. */

import type { Answer, ChatCalls, ChatExpert, ChatState, Turn } from '../../src/protocol/chat.ts';
import { toFailure } from '../../src/protocol/failure.ts';
import type { Connection } from '../../src/protocol/rpc.ts';
import { createTurnView, type TurnView } from './turn-view.ts';

export interface ConversationView {
  show(state: ChatState): void;
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
  answer: Answer;
  readonly view: TurnView;
  /** Present while the answer is followed. */
  following?: AbortController;
}

/** How near the end, in pixels, counts as being there. */
const NEAR = 32;

/** In milliseconds; a restored conversation is drawn over several frames. */
const FRAME_BUDGET = 4;

export function createConversationView(
  connection: Connection<ChatCalls>,
  { list, empty, announcement, drawn }: ConversationParts,
): ConversationView {
  const shown = new Map<number, Shown>();
  const dirty = new Set<number>();
  let experts: readonly ChatExpert[] = [];
  let scheduled = false;

  const draw = (): void => {
    scheduled = false;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
    const end = performance.now() + FRAME_BUDGET;
    // The newest first: they are in sight.
    for (const id of [...dirty].sort((a, b) => b - a)) {
      const turn = shown.get(id);
      turn?.view.show(turn.answer, experts);
      dirty.delete(id);
      if (performance.now() > end) break;
    }
    empty.hidden = shown.size > 0;
    if (atEnd) list.scrollTop = list.scrollHeight;
    if (dirty.size > 0) schedule();
    drawn({
      streaming: [...shown.values()].some(({ answer }) => answer.kind === 'streaming'),
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
    dirty.add(id);
    schedule();
  };

  const add = (turn: Turn): Shown => {
    const { id, question, answer } = turn;
    const view = createTurnView(turn, () => connection.tell('ask', { question, replaces: id }));
    const added: Shown = { answer, view };
    shown.set(id, added);
    list.append(...view.elements);
    // A new question is always worth seeing.
    list.scrollTop = list.scrollHeight;
    change(id, answer);
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
            if (update.kind === 'answer') change(id, update.answer);
            else
              change(id, { ...update.delta, kind: 'streaming', text: turn.answer.text + update.delta.text });
          },
        },
      );
      change(id, answer);
      requestAnimationFrame(() => {
        if (answer.kind === 'done') announcement.textContent = turn.view.spoken();
      });
    } catch (thrown) {
      change(id, { ...turn.answer, kind: 'failed', failure: toFailure(thrown) });
    } finally {
      delete turn.following;
    }
  };

  return {
    show(state) {
      experts = state.experts;
      const kept = new Set(state.turns.map(({ id }) => id));
      for (const [id, turn] of shown) {
        if (kept.has(id)) continue;
        for (const part of turn.view.elements) part.remove();
        shown.delete(id);
      }
      for (const turn of state.turns) {
        const entry = shown.get(turn.id) ?? add(turn);
        // What has ended never changes again.
        if (entry.answer.kind === 'streaming') change(turn.id, turn.answer);
        if (turn.answer.kind === 'streaming' && entry.following === undefined) void follow(turn.id, entry);
      }
      schedule();
    },
    stop() {
      for (const { following } of shown.values()) following?.abort();
    },
  };
}
