/** What is done with whole conversations: the list of earlier ones, a new one, one as Markdown, all of them deleted. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { toFailure } from '../protocol/failure.ts';
import type { ChatHistory } from './chat-history.ts';
import { chatMarkdown } from './chat-markdown.ts';
import { type ChatRecord, LONGEST_TITLE } from './chat-record.ts';
import { type FoundChat, searchChats } from './chat-search.ts';
import type { CommandHandlers } from './commands.ts';
import { failureText } from './failure-text.ts';
import { timeText } from './language.ts';

export type ChatCommands = Pick<CommandHandlers, 'showChats' | 'newChat' | 'exportChat' | 'deleteChats'>;

export interface ChatCommandOptions {
  readonly history: ChatHistory;
  /** Reveals the chat. */
  readonly focus: () => Promise<void>;
  /** What an expert is called. */
  readonly nameOf: (id: string) => string;
}

interface ChatItem extends vscode.QuickPickItem {
  readonly record: ChatRecord;
}

export function chatCommands({ history, focus, nameOf }: ChatCommandOptions): ChatCommands {
  return {
    async showChats() {
      await history.restored();
      await showChats(history, focus);
    },
    async newChat() {
      await history.restored();
      await history.begin();
      await focus();
    },
    async exportChat() {
      await history.restored();
      await exportChat(history.current(), nameOf);
    },
    deleteChats: () => deleteChats(history),
  };
}

/** The list; what is typed is looked for in titles and texts. */
async function showChats(history: ChatHistory, focus: () => Promise<void>): Promise<void> {
  const pick = vscode.window.createQuickPick<ChatItem>();
  const renames = { iconPath: new vscode.ThemeIcon('edit'), tooltip: t('Rename') };
  const deletes = { iconPath: new vscode.ThemeIcon('trash'), tooltip: t('Delete') };
  let records: readonly ChatRecord[] = [];
  const list = (): void => {
    const found = searchChats(records, pick.value);
    pick.items = found.map((one) => ({ ...itemOf(one), buttons: [renames, deletes] }));
  };
  const read = async (): Promise<void> => {
    pick.busy = true;
    records = await history.all();
    pick.busy = false;
    pick.placeholder =
      records.length === 0
        ? t('No conversation of this workspace is kept yet.')
        : t('Search titles and texts of the conversations');
    list();
  };
  pick.title = t('Chorus: Show Chat History');
  pick.onDidChangeValue(list);
  pick.onDidHide(() => pick.dispose());
  pick.onDidTriggerItemButton(async ({ item: { record }, button }) => {
    if (button === renames) {
      pick.hide();
      await shown(rename(history, record));
      await showChats(history, focus);
      return;
    }
    await shown(remove(history, record.id));
    await shown(read());
  });
  pick.onDidAccept(async () => {
    const [chosen] = pick.selectedItems;
    pick.hide();
    if (chosen === undefined) return;
    await shown(history.show(chosen.record.id));
    await focus();
  });
  pick.show();
  await read();
}

function itemOf({ record, excerpt }: FoundChat): ChatItem {
  const { title, changed, turns } = record;
  const count = turns.length === 1 ? t('1 question') : t('{0} questions', turns.length);
  return {
    record,
    label: title,
    description: t('{0}, {1}', timeText(changed), count),
    ...(excerpt !== undefined && { detail: excerpt }),
    // What was found in a text is not in the label, by which the editor would filter again.
    alwaysShow: true,
  };
}

async function rename(history: ChatHistory, { id, title }: ChatRecord): Promise<void> {
  const written = await vscode.window.showInputBox({
    title: t('Chorus: Rename Conversation'),
    value: title,
    prompt: t('Empty for the beginning of its first question'),
    validateInput: (text) =>
      text.trim().length > LONGEST_TITLE ? t('At most {0} characters.', LONGEST_TITLE) : undefined,
  });
  if (written !== undefined) await history.rename(id, written);
}

async function remove(history: ChatHistory, id: string): Promise<void> {
  const record = await history.remove(id);
  if (record === undefined) return;
  const undo = t('Undo');
  // Not awaited: the list stays open meanwhile.
  void vscode.window
    .showInformationMessage(t('"{0}" was deleted.', record.title), undo)
    .then((chosen) => (chosen === undefined ? undefined : shown(history.putBack(record))));
}

/** To a document without a name, which the user saves where it should be. */
async function exportChat(record: ChatRecord, nameOf: (id: string) => string): Promise<void> {
  if (record.turns.length === 0) {
    void vscode.window.showInformationMessage(t('Nothing was asked in this conversation yet.'));
    return;
  }
  const content = chatMarkdown(record, nameOf);
  const document = await vscode.workspace.openTextDocument({ content, language: 'markdown' });
  await vscode.window.showTextDocument(document);
}

async function deleteChats(history: ChatHistory): Promise<void> {
  const yes = t('Delete All');
  const chosen = await vscode.window.showWarningMessage(
    t('Delete every conversation of this workspace?'),
    { modal: true, detail: t('This one too. They cannot be brought back.') },
    yes,
  );
  if (chosen === yes) await history.removeAll();
}

/** What was done from a list has no command to report its failure. */
async function shown(task: Promise<void>): Promise<void> {
  try {
    await task;
  } catch (thrown) {
    void vscode.window.showErrorMessage(failureText(toFailure(thrown)));
  }
}
