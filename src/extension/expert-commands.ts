/** Renaming an expert and taking it out of the list, by its row in the view or by choosing it. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { DiscardOutcome, DiscardRequest, PlaceRequest } from '../protocol/obtain.ts';
import { withName, withoutExpert } from './expert-list.ts';
import { describeRow, type ExpertRow } from './expert-rows.ts';
import { writeAll } from './mix-commands.ts';
import { LONGEST_NAME } from './setting-rules.ts';
import type { SettingsStore } from './settings.ts';

/** A row that the view gave, the selected one where a key was pressed in it, or one that is chosen from `rows`. */
export async function rowFor(
  given: unknown,
  {
    rows,
    selected,
    title,
  }: {
    readonly rows: readonly ExpertRow[];
    readonly selected: ExpertRow | undefined;
    readonly title: string;
  },
): Promise<ExpertRow | undefined> {
  const of = typeof given === 'object' && given !== null ? given : {};
  const id = 'id' in of ? of.id : 'selected' in of ? selected?.id : undefined;
  const row = rows.find((one) => one.id === id);
  if (row !== undefined) return row;
  const items = rows.map((one) => ({ label: one.name, description: describeRow(one), row: one }));
  return (await vscode.window.showQuickPick(items, { title }))?.row;
}

export async function renameExpert(settings: SettingsStore, { id, name }: ExpertRow): Promise<void> {
  const written = await vscode.window.showInputBox({
    title: t('Chorus: Rename Expert'),
    value: name,
    prompt: t('The name that is shown for {0}; empty for its own', id),
    validateInput: (text) =>
      text.trim().length > LONGEST_NAME ? t('At most {0} characters.', LONGEST_NAME) : undefined,
  });
  if (written === undefined) return;
  await writeAll(settings, withName(settings.current().values, id, written));
}

export interface RemoveOptions {
  readonly settings: SettingsStore;
  readonly discard: (request: DiscardRequest) => Promise<DiscardOutcome>;
  readonly place: (row: ExpertRow) => PlaceRequest;
  /** Takes the experts of Tiny out of the mix before their base is deleted, and looks anew afterwards. */
  readonly withoutTiny: <T>(task: () => Promise<T>) => Promise<T>;
  /** Whether Chorus put the folder there: a merge, or a model of the catalogue or of a bundle. */
  readonly isOwn: (folder: string) => boolean;
}

/** What was built of it goes in any case; its own files go only where Chorus put them there and the user says so. */
export async function removeExpert(row: ExpertRow, options: RemoveOptions): Promise<void> {
  const { settings, discard, place, withoutTiny, isOwn } = options;
  if (row.origin === 'embedded') {
    void vscode.window.showInformationMessage(
      t('{0} comes with Chorus and cannot be removed. Untick it to leave it out.', row.name),
    );
    return;
  }
  const files = await askFiles(row, isOwn(row.folder));
  if (files === undefined) return;
  const request = { ...place(row), files };
  const outcome =
    row.origin === 'fetched'
      ? await withoutTiny(() => discard(request))
      : await withoutListed(row, settings, () => discard(request));
  if (outcome.kind === 'failed') {
    const { message } = outcome.failure;
    void vscode.window.showWarningMessage(
      t('{0} is out of the list, but not all of it could be deleted: {1}', row.name, message),
    );
    return;
  }
  const megabytes = Math.round(outcome.bytes / 1e6);
  const said = outcome.files
    ? t('{0} is removed, and its files are deleted.', row.name)
    : megabytes > 0
      ? t(
          '{0} is removed, and {1} MB that were made of it are deleted. Its own files stay.',
          row.name,
          megabytes,
        )
      : t('{0} is removed. Its files stay.', row.name);
  void vscode.window.showInformationMessage(said);
}

async function withoutListed<T>(row: ExpertRow, settings: SettingsStore, task: () => Promise<T>): Promise<T> {
  // It must be unloaded before anything is deleted.
  await writeAll(settings, withoutExpert(settings.current().values, row));
  return task();
}

/** Whether the files are to go too; undefined where nothing is to happen. */
async function askFiles({ name, origin, folder }: ExpertRow, isOwn: boolean): Promise<boolean | undefined> {
  const remove = t('Remove');
  const removeFiles = t('Remove and Delete Files');
  const [question, detail] =
    origin === 'fetched'
      ? [
          t('Delete {0} from this machine?', name),
          t('The experts of Tiny need it; the pocket experts answer instead. It can be fetched again.'),
        ]
      : [
          t('Remove {0} from the experts?', name),
          isOwn
            ? t('What Chorus made of it is deleted. Its files are in {0}.', folder)
            : t('What Chorus made of it is deleted; its own files in {0} stay.', folder),
        ];
  const buttons = origin === 'fetched' ? [removeFiles] : isOwn ? [remove, removeFiles] : [remove];
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, ...buttons);
  return answer === undefined ? undefined : answer === removeFiles;
}
