/** The chat view: shows the page in the side bar and joins it to the conversation, the clipboard and the editor. */

import { randomBytes, randomInt } from 'node:crypto';
import * as vscode from 'vscode';
import type { ChatCalls, ChatExpert, ChatState, Turn, TurnHead } from '../protocol/chat.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { Handlers } from '../protocol/rpc.ts';
import { webAddress } from './chat-link.ts';
import { chatPage } from './chat-page.ts';
import { type Page, servePages } from './chat-pages.ts';
import { type ChatSession, type ChatSessionDependencies, createChatSession } from './chat-session.ts';

export const CHAT_VIEW_ID = 'chorus.chat';

export interface ChatDependencies extends Omit<ChatSessionDependencies, 'seed'> {
  /** The experts known, in the order they are shown. */
  experts(): readonly ChatExpert[];
  /** Fires when `experts()` would give something else. */
  readonly onDidChangeExperts: vscode.Event<unknown>;
  /** Writes a line to the output channel. */
  log(text: string): void;
}

export interface ChatView {
  /** Reveals the view and puts the question; resolves when the answer has ended. */
  ask(question: string): Promise<void>;
  /** Reveals the view with the keyboard in the question. */
  focus(): Promise<void>;
}

/** The disposables go to `context.subscriptions`; the conversation lives as long as the extension host. */
export function registerChatView(context: vscode.ExtensionContext, dependencies: ChatDependencies): ChatView {
  let page: Page | undefined;
  let focusWanted = false;

  const state = (): ChatState => ({ turns: session.turns().map(headOf), experts: dependencies.experts() });
  const show = (): void => page?.tell('state', state());
  const session = createChatSession({ ...dependencies, seed: () => randomInt(2 ** 31) }, show);

  const ready = (): ChatState => {
    if (focusWanted) page?.tell('focus', {});
    focusWanted = false;
    return state();
  };
  const handlers = chatHandlers(session, ready, dependencies.log);

  const provider: vscode.WebviewViewProvider = {
    resolveWebviewView(view) {
      const { webview } = view;
      const media = vscode.Uri.joinPath(context.extensionUri, 'dist', 'media');
      const file = (name: string): string =>
        webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
      webview.options = { enableScripts: true, localResourceRoots: [media] };
      const listening = servePages(webview, handlers, (connection) => {
        page = connection;
      });
      view.onDidDispose(() => {
        listening.dispose();
        page = undefined;
      });
      webview.html = chatPage({
        script: file('chat.js'),
        style: file('chat-style.css'),
        source: webview.cspSource,
        nonce: randomBytes(16).toString('base64url'),
      });
    },
  };

  const focus = async (): Promise<void> => {
    focusWanted = true;
    await vscode.commands.executeCommand(`${CHAT_VIEW_ID}.focus`);
    page?.tell('focus', {});
  };

  context.subscriptions.push(
    vscode.window.registerWebviewViewProvider(CHAT_VIEW_ID, provider),
    dependencies.onDidChangeExperts(show),
    { dispose: () => session.stop() },
  );
  return {
    focus,
    async ask(question) {
      await focus();
      await session.ask(question);
    },
  };
}

function headOf({ id, question, answer: { kind } }: Turn): TurnHead {
  return { id, question, kind };
}

function chatHandlers(
  session: ChatSession,
  ready: () => ChatState,
  log: (text: string) => void,
): Handlers<ChatCalls> {
  const ok = { kind: 'ok' } as const;
  return {
    ready,
    ask({ question, replaces }) {
      const asked = question.trim();
      // Not awaited: the page follows the new turn, which outlives the page.
      if (asked !== '') session.ask(asked, replaces).catch((thrown) => log(`Chat: ${String(thrown)}`));
      return ok;
    },
    async follow({ id }, { signal, update }) {
      const answer = await session.follow(id, { signal, onUpdate: update });
      if (answer === undefined) throw new ChorusError('cancelled', 'The conversation was cleared.');
      return answer;
    },
    async clear() {
      await session.clear();
      return ok;
    },
    async copy({ text }) {
      await vscode.env.clipboard.writeText(text);
      return ok;
    },
    async insert({ text }) {
      await insertIntoEditor(text);
      return ok;
    },
    async open({ url }) {
      const address = webAddress(url);
      if (address === undefined) log('Chat: a link that is not a web address was not opened.');
      else await vscode.env.openExternal(vscode.Uri.parse(address, true));
      return ok;
    },
  };
}

async function insertIntoEditor(text: string): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage('Open a file and put the cursor where the code should go.');
    return;
  }
  const inserted = await editor.edit((edit) => {
    for (const selection of editor.selections) edit.replace(selection, text);
  });
  if (!inserted)
    void vscode.window.showWarningMessage('The active editor could not be changed: is it read-only?');
}
