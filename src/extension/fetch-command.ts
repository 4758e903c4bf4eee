/** Fetching a model in the editor: offered once, or asked for by the command; with progress, cancellable, and in use without a restart. */

import { join } from 'node:path';
import * as vscode from 'vscode';
import { fetchSettings } from '../fetch/settings.ts';
import { type FetchedModel, readCatalog } from '../models/catalog.ts';
import { offerOf } from '../models/offer.ts';
import { modelsFolder, storedModel } from '../models/stored-model.ts';
import { TINY_BASE } from '../models/tiny.ts';
import { toFailure } from '../protocol/failure.ts';
import { mayOffer, offerSentence, type Remembered, rememberedOf } from './fetch-offer.ts';
import { writeAll } from './mix-commands.ts';
import { commandId } from './names.ts';
import { type Obtain, obtainWithProgress } from './obtain-progress.ts';
import { tinySettings } from './ready-mixes.ts';
import type { SettingsStore } from './settings.ts';

export interface FetchCommandOptions {
  readonly settings: SettingsStore;
  readonly extensionPath: string;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
  readonly obtain: Obtain;
  /** Called when a model is there that was not. */
  readonly onObtained: () => void;
  /** Outlives the window. */
  readonly memory: vscode.Memento;
  readonly log: (text: string) => void;
}

export interface FetchCommand {
  /** Chorus: Fetch a Model... */
  choose(): Promise<void>;
  /** Offers the model of Tiny where it is not there, at most once in this window. */
  offer(): Promise<void>;
}

const KEY = 'fetch.offer';
const title = 'Chorus: Fetch a Model';

export function createFetchCommand(options: FetchCommandOptions): FetchCommand {
  const { settings, extensionPath, cache, memory, onObtained, log } = options;
  /** One at a time in this window; others wait in the engine. */
  let isFetching = false;

  const choices = () => {
    const { values } = settings.current();
    return {
      hub: values['models.hub'],
      pip: values['models.pip'],
      offline: values['models.offline'],
    };
  };
  const known = () => fetchSettings(process.env, choices(), cache);
  const fetchable = async (): Promise<FetchedModel[]> => {
    const { models } = await readCatalog(join(extensionPath, 'models'));
    return models.filter((model) => model.kind === 'fetched');
  };
  const isThere = async (model: FetchedModel): Promise<boolean> =>
    (await storedModel(modelsFolder(cache), model)) !== undefined;
  const remember = (remembered: Remembered): Thenable<void> => memory.update(KEY, remembered);

  const fetch = async (model: FetchedModel): Promise<void> => {
    if (isFetching) {
      void vscode.window.showInformationMessage('A model is being fetched already.');
      return;
    }
    isFetching = true;
    // What is said afterwards may stand there for long.
    const outcome = await Promise.resolve(
      obtainWithProgress(model.name, { kind: 'fetch', model: model.id, choices: choices() }, options.obtain),
    ).finally(() => {
      isFetching = false;
    });
    if (outcome.kind === 'obtained') {
      onObtained();
      await takeIntoUse(model, outcome.folder, settings);
    } else await tellFailure(outcome.failure);
  };

  return {
    async choose() {
      const { hub } = known();
      const items = await Promise.all(
        (await fetchable()).map(async (model) => {
          const { name, summary, size, licence, sources } = offerOf(model, hub);
          const there = await isThere(model);
          return {
            label: `${there ? '$(check) ' : '$(cloud-download) '}${name}`,
            description: there ? 'on this machine' : size,
            detail: `${summary} Licence: ${licence}. From ${sources.join(', or else ')}.`,
            model,
          };
        }),
      );
      const chosen = await vscode.window.showQuickPick(items, {
        title,
        placeHolder: 'The model to fetch; nothing is sent but the request for its files',
        matchOnDetail: true,
      });
      if (chosen !== undefined) await fetch(chosen.model);
    },
    async offer() {
      try {
        const model = (await fetchable()).find(({ id }) => id === TINY_BASE);
        if (model === undefined) return;
        const { hub, offline } = known();
        const remembered = rememberedOf(memory.get(KEY));
        if (!mayOffer({ isThere: await isThere(model), offline, remembered, now: Date.now() })) return;
        const [yes, no, later] = ['Fetch', 'Use the Pocket Experts', 'Not Now'] as const;
        const sentence = offerSentence(offerOf(model, hub));
        const answer = await vscode.window.showInformationMessage(sentence, yes, no, later);
        if (answer === yes) await fetch(model);
        else await remember(answer === no ? { kind: 'declined' } : { kind: 'later', since: Date.now() });
      } catch (thrown) {
        // Nobody asked for it: the log is enough.
        log(`No model was offered: ${toFailure(thrown).message}`);
      }
    },
  };
}

/** The base of Tiny is in use at once unless other experts were chosen; any other model becomes an expert that can be ticked. */
async function takeIntoUse(
  { id, name }: FetchedModel,
  folder: string,
  settings: SettingsStore,
): Promise<void> {
  if (id !== TINY_BASE) {
    const folders = settings.current().values['models.folders'];
    if (!folders.includes(folder)) await settings.write('models.folders', [...folders, folder]);
    const choose = 'Choose Experts';
    const answer = await vscode.window.showInformationMessage(`${name} is there, among the experts.`, choose);
    if (answer === choose) await vscode.commands.executeCommand(commandId('chooseExperts'));
    return;
  }
  const tiny = tinySettings['experts.active'];
  const active = settings.current().values['experts.active'];
  if (active.some((expert) => tiny.some((own) => own === expert))) {
    void vscode.window.showInformationMessage(`${name} is there, and answers from now on.`);
    return;
  }
  const use = 'Use It';
  const question = `${name} is there. The experts that you chose go on answering.`;
  if ((await vscode.window.showInformationMessage(question, use)) === use)
    await writeAll(settings, tinySettings);
}

export async function tellFailure({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): Promise<void> {
  // Who cancels knows.
  if (code === 'cancelled') return;
  const showLog = 'Show Log';
  const answer = await vscode.window.showWarningMessage(
    `${message} The experts that are there go on answering.`,
    showLog,
  );
  if (answer === showLog) await vscode.commands.executeCommand(commandId('showLog'));
}
