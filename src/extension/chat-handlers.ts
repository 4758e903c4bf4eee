/** What the chat page may ask for, without the editor: the conversation answers, and `actions` do what happens around it. */

import type { ChatCalls, ChatExpert, ChatState, CodeBlock } from '../protocol/chat.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { Handlers } from '../protocol/rpc.ts';
import { type Attach, noteOf } from './attach.ts';
import { webAddress } from './chat-link.ts';
import type { ChatSession } from './chat-session.ts';

export interface EditorActions {
  copy(text: string): Promise<void>;
  /** Writes into the active editor, over its selection. */
  insert(text: string): Promise<void>;
  propose(block: CodeBlock): Promise<void>;
  create(block: CodeBlock): Promise<void>;
  /** Opens an http or https address. */
  open(address: string): Promise<void>;
}

export interface ChatActions extends EditorActions {
  ready(): ChatState | Promise<ChatState>;
  /** Begins a new conversation. */
  begin(): Promise<void>;
  preview: Attach['preview'];
  /** Paths of the workspace that fit what was typed of one. */
  files(query: string): Promise<readonly string[]>;
  /** Writes a line to the output channel. */
  log(text: string): void;
}

export function stateOf(session: ChatSession, experts: readonly ChatExpert[]): ChatState {
  const turns = session.turns().map(({ id, question, attached = [], answer: { kind } }) => ({
    id,
    question,
    kind,
    attached: attached.map(noteOf),
  }));
  return { turns, experts, cut: session.cut() };
}

export function chatHandlers(session: ChatSession, actions: ChatActions): Handlers<ChatCalls> {
  const ok = { kind: 'ok' } as const;
  return {
    ready: actions.ready,
    ask({ question, replaces }) {
      const asked = question.trim();
      // Not awaited: the page follows the new turn, which outlives the page.
      if (asked !== '') {
        session.ask(asked, replaces).catch((thrown) => actions.log(`Chat: ${String(thrown)}`));
      }
      return ok;
    },
    async follow({ id }, { signal, update }) {
      const answer = await session.follow(id, { signal, onUpdate: update });
      if (answer === undefined) throw new ChorusError('cancelled', 'Another conversation was opened.');
      return answer;
    },
    preview: ({ question }) => actions.preview(question),
    files: ({ query }) => actions.files(query),
    async restore() {
      await session.restore();
      return ok;
    },
    explain: ({ id, step }, { signal }) => session.explain(id, step, signal),
    async begin() {
      await actions.begin();
      return ok;
    },
    async copy({ text }) {
      await actions.copy(text);
      return ok;
    },
    async insert({ text }) {
      await actions.insert(text);
      return ok;
    },
    async propose(block) {
      await actions.propose(block);
      return ok;
    },
    async create(block) {
      await actions.create(block);
      return ok;
    },
    async open({ url }) {
      const address = webAddress(url);
      if (address === undefined) actions.log('Chat: a link that is not a web address was not opened.');
      else await actions.open(address);
      return ok;
    },
  };
}
