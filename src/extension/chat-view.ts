/** The chat view: shows the page in the side bar and joins it to the conversation, the clipboard and the editor. */

import { randomInt } from 'node:crypto';
import * as vscode from 'vscode';
import type { ChatCalls, ChatEvents, ChatExpert, ChatState } from '../protocol/chat.ts';
import type { Connection } from '../protocol/rpc.ts';
import { createAttach } from './attach.ts';
import { type ChatCommands, chatCommands } from './chat-commands.ts';
import { editorActions } from './chat-editor.ts';
import { chatHandlers, stateOf } from './chat-handlers.ts';
import { createChatHistory } from './chat-history.ts';
import { chatPage } from './chat-page.ts';
import { type ChatSessionDependencies, createChatSession } from './chat-session.ts';
import { createChatStore } from './chat-store.ts';
import { sourceOf } from './mention-sources.ts';
import { registerPageView } from './page-view.ts';
import type { Proposals } from './proposal.ts';
import { createWorkspaceFiles } from './workspace-files.ts';

export const CHAT_VIEW_ID = 'chorus.chat';

export interface ChatDependencies extends Omit<ChatSessionDependencies, 'seed' | 'attach'> {
  /** Characters of text that fit a question now. */
  budget(): number;
  isSecretFile(path: string): boolean;
  /** The experts known, in the order they are shown. */
  experts(): readonly ChatExpert[];
  /** Fires when `experts()` would give something else. */
  readonly onDidChangeExperts: vscode.Event<unknown>;
  /** Shows what a code block would change. */
  readonly proposals: Proposals;
  /** Whether conversations are kept on disk. */
  historyIsWanted(): boolean;
  /** Writes a line to the output channel. */
  log(text: string): void;
}

export interface ChatView {
  /** Reveals the view and puts the question; resolves when the answer has ended. */
  ask(question: string): Promise<void>;
  /** Reveals the view with the keyboard in the question. */
  focus(): Promise<void>;
  readonly commands: ChatCommands;
}

/** Of the workspace, the conversation that is open. */
const openKey = 'chorus.openChat';

/** The disposables go to `context.subscriptions`; the conversation outlives the page, and on disk the window. */
export function registerChatView(context: vscode.ExtensionContext, dependencies: ChatDependencies): ChatView {
  let page: Connection<ChatEvents> | undefined;
  let focusWanted = false;

  const state = (): ChatState => stateOf(session, dependencies.experts());
  const show = (): void => page?.tell('state', state());
  const { attach, preview } = createAttach({
    sourceOf,
    isSecretFile: dependencies.isSecretFile,
    budget: () => dependencies.budget() - dependencies.chatSettings().systemPrompt.length,
  });
  const session = createChatSession({ ...dependencies, attach, seed: () => randomInt(2 ** 31) }, () => {
    show();
    history.changed();
  });
  const { workspaceState, storageUri, globalStorageUri } = context;
  const history = createChatHistory({
    session,
    store: createChatStore({
      folder: vscode.Uri.joinPath(storageUri ?? globalStorageUri, 'chats').fsPath,
      log: dependencies.log,
    }),
    open: {
      get: () => workspaceState.get<string>(openKey),
      set: (id) => void workspaceState.update(openKey, id),
    },
    isWanted: dependencies.historyIsWanted,
    log: dependencies.log,
  });

  const ready = async (): Promise<ChatState> => {
    await history.restored();
    if (focusWanted) page?.tell('focus', {});
    focusWanted = false;
    return state();
  };
  const handlers = chatHandlers(session, {
    ...editorActions(dependencies.proposals),
    ready,
    begin: history.begin,
    preview,
    files: createWorkspaceFiles(dependencies.isSecretFile),
    log: dependencies.log,
  });

  const focus = async (): Promise<void> => {
    focusWanted = true;
    await vscode.commands.executeCommand(`${CHAT_VIEW_ID}.focus`);
    page?.tell('focus', {});
  };

  context.subscriptions.push(
    registerPageView<ChatCalls, ChatEvents>(CHAT_VIEW_ID, {
      extension: context.extensionUri,
      name: 'chat',
      html: chatPage,
      handlers,
      opened: (now) => {
        page = now;
      },
    }),
    dependencies.onDidChangeExperts(show),
    history,
    { dispose: () => session.stop() },
  );
  return {
    focus,
    commands: chatCommands({
      history,
      focus,
      nameOf: (id) => dependencies.experts().find((expert) => expert.id === id)?.name ?? id,
    }),
    async ask(question) {
      await focus();
      await history.restored();
      await session.ask(question);
    },
  };
}
