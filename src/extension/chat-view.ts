/** The chat view: shows the page in the side bar and joins it to the conversation, the clipboard and the editor. */

import { randomBytes, randomInt } from 'node:crypto';
import * as vscode from 'vscode';
import type { ChatCalls, ChatEvents, ChatExpert, ChatState } from '../protocol/chat.ts';
import type { Connection } from '../protocol/rpc.ts';
import { editorActions } from './chat-editor.ts';
import { chatHandlers, stateOf } from './chat-handlers.ts';
import { chatPage } from './chat-page.ts';
import { type ChatSessionDependencies, createChatSession } from './chat-session.ts';
import { servePages } from './pages.ts';
import type { Proposals } from './proposal.ts';

export const CHAT_VIEW_ID = 'chorus.chat';

export interface ChatDependencies extends Omit<ChatSessionDependencies, 'seed'> {
  /** The experts known, in the order they are shown. */
  experts(): readonly ChatExpert[];
  /** Fires when `experts()` would give something else. */
  readonly onDidChangeExperts: vscode.Event<unknown>;
  /** Shows what a code block would change. */
  readonly proposals: Proposals;
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
  let page: Connection<ChatEvents> | undefined;
  let focusWanted = false;

  const state = (): ChatState => stateOf(session, dependencies.experts());
  const show = (): void => page?.tell('state', state());
  const session = createChatSession({ ...dependencies, seed: () => randomInt(2 ** 31) }, show);

  const ready = (): ChatState => {
    if (focusWanted) page?.tell('focus', {});
    focusWanted = false;
    return state();
  };
  const handlers = chatHandlers(session, {
    ...editorActions(dependencies.proposals),
    ready,
    log: dependencies.log,
  });

  const provider: vscode.WebviewViewProvider = {
    resolveWebviewView(view) {
      const { webview } = view;
      const media = vscode.Uri.joinPath(context.extensionUri, 'dist', 'media');
      const file = (name: string): string =>
        webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
      webview.options = { enableScripts: true, localResourceRoots: [media] };
      const listening = servePages<ChatCalls, ChatEvents>(webview, handlers, (connection) => {
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
