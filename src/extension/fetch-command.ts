/** Fetching in the editor: offered once, or asked for by a command or a mix; with progress, pausable, and in use without a restart. */

import { join } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { removeModel } from '../fetch/remove-model.ts';
import { fetchSettings } from '../fetch/settings.ts';
import { unfinishedShare } from '../fetch/unfinished.ts';
import { type CatalogMix, type FetchedModel, readCatalog } from '../models/catalog.ts';
import { bytesOfAll, offerOf } from '../models/offer.ts';
import { fetchedOf, missingOf } from '../models/ready-mix.ts';
import { modelsFolder, placeOf } from '../models/stored-model.ts';
import { TINY_BASE } from '../models/tiny.ts';
import { type Failure, toFailure } from '../protocol/failure.ts';
import type { HubToken, ObtainChoices } from '../protocol/obtain.ts';
import { addFolders, addModels, offerToChoose } from './added-models.ts';
import { failureText } from './failure-text.ts';
import { mayOffer, offerSentence, type Remembered, rememberedOf } from './fetch-offer.ts';
import { summaryText } from './language.ts';
import { writeAll } from './mix-commands.ts';
import { commandId } from './names.ts';
import { fetchWithProgress, type Obtain } from './obtain-progress.ts';
import { tinySettings } from './ready-mixes.ts';
import type { SettingsStore } from './settings.ts';

export interface FetchCommandOptions {
  readonly settings: SettingsStore;
  readonly extensionPath: string;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
  readonly obtain: Obtain;
  /** For the hub of the settings, where one was given. */
  readonly token: () => Promise<HubToken | undefined>;
  /** Called when a model is there that was not. */
  readonly onObtained: () => void;
  /** Outlives the window. */
  readonly memory: vscode.Memento;
  readonly log: (text: string) => void;
}

export interface FetchCommand {
  /** Chorus: Fetch a Model... */
  choose(): Promise<void>;
  /** Chorus: Pause Fetch */
  pause(): void;
  /** Whether the experts of the mix can be chosen now: what is missing is fetched if the user agrees. */
  prepare(mix: CatalogMix): Promise<boolean>;
  /** What would have to be fetched for the mix: `2.1 GB`; empty where all is there. */
  missing(mix: CatalogMix): Promise<string>;
  /** Offers the model of Tiny where it is not there, at most once in this window. */
  offer(): Promise<void>;
}

const KEY = 'fetch.offer';
const title = (): string => t('Chorus: Fetch a Model');

export function createFetchCommand(options: FetchCommandOptions): FetchCommand {
  const { settings, extensionPath, cache, memory, onObtained, obtain, log } = options;
  /** One at a time in this window; others wait in the engine. */
  let ending: AbortController | undefined;

  const choices = (): ObtainChoices => {
    const { values } = settings.current();
    return {
      hub: values['models.hub'],
      pip: values['models.pip'],
      offline: values['models.offline'],
    };
  };
  const known = () => fetchSettings(process.env, choices(), cache);
  const catalogue = () => readCatalog(join(extensionPath, 'models'));
  const fetchable = async (): Promise<FetchedModel[]> =>
    (await catalogue()).models.filter((model) => model.kind === 'fetched');
  const remember = (remembered: Remembered): Thenable<void> => memory.update(KEY, remembered);

  /** Reads the token first; where that fails it rejects, so that whoever waits sees an end in any case. */
  const fetchUntil = async (end: AbortController, models: readonly FetchedModel[]) => {
    const token = await options.token();
    return fetchWithProgress(models, { choices: { ...choices(), token }, obtain, ending: end });
  };

  /** Whether all are there now. */
  const fetchAll = async (models: readonly FetchedModel[]): Promise<boolean> => {
    if (ending !== undefined) {
      void vscode.window.showInformationMessage(t('A model is being fetched already.'));
      return false;
    }
    ending = new AbortController();
    // What is said afterwards may stand there for long.
    const outcome = await fetchUntil(ending, models).finally(() => {
      ending = undefined;
    });
    if (outcome.kind === 'fetched') {
      onObtained();
      return true;
    }
    if (outcome.failure.code !== 'cancelled') {
      await tellFailure(outcome.failure);
      return false;
    }
    return tellPaused(outcome.model, () => fetchAll(models));
  };

  /** Says that it goes on where it stopped; whether it then did, to its end. */
  const tellPaused = async (model: FetchedModel, again: () => Promise<boolean>): Promise<boolean> => {
    const percent = Math.floor(100 * ((await unfinishedShare(modelsFolder(cache), model)) ?? 0));
    const [go, discard] = [t('Continue'), t('Delete What Was Fetched')];
    const sentence = t(
      '{0} is paused at {1} %. It goes on there when you fetch it again.',
      model.name,
      percent,
    );
    const answer = await vscode.window.showInformationMessage(sentence, go, discard);
    if (answer === discard) await removeModel(modelsFolder(cache), model);
    return answer === go && (await again());
  };

  const fetch = async (model: FetchedModel): Promise<void> => {
    if (await fetchAll([model])) await takeIntoUse(model, placeOf(modelsFolder(cache), model), settings);
  };

  return {
    async choose() {
      const { hub } = known();
      const items = await Promise.all(
        (await fetchable()).map(async (model) => {
          const { name, summary, size, memory: needed, licence, sources } = offerOf(model, hub);
          const there = (await missingOf([model], cache)).length === 0;
          const share = there ? undefined : await unfinishedShare(modelsFolder(cache), model);
          const label =
            share === undefined
              ? `${there ? '$(check)' : '$(cloud-download)'} ${name}`
              : `$(debug-continue) ${t('Continue fetching {0} ({1} %)', name, Math.floor(100 * share))}`;
          return {
            label,
            description: there ? t('on this machine') : size,
            detail: t(
              'Licence: {0}. Takes {1} of memory. {2} From {3}.',
              licence,
              needed,
              summaryText(summary),
              sources.join(t(', or else ')),
            ),
            model,
            first: share !== undefined,
          };
        }),
      );
      items.sort((a, b) => Number(b.first) - Number(a.first));
      const chosen = await vscode.window.showQuickPick(items, {
        title: title(),
        placeHolder: t('The model to fetch; nothing is sent but the request for its files'),
        matchOnDetail: true,
      });
      if (chosen !== undefined) await fetch(chosen.model);
    },
    pause() {
      if (ending === undefined) void vscode.window.showInformationMessage(t('Nothing is being fetched.'));
      ending?.abort();
    },
    async missing(mix) {
      const missing = await missingOf(fetchedOf(await catalogue(), mix), cache);
      return missing.length === 0 ? '' : bytesOfAll(missing);
    },
    async prepare(mix) {
      const needed = fetchedOf(await catalogue(), mix);
      const missing = await missingOf(needed, cache);
      if (missing.length > 0) {
        const { hub } = known();
        const yes = t('Fetch ({0})', bytesOfAll(missing));
        const detail = missing.map((model) => {
          const { name, size, memory: room, licence, sources } = offerOf(model, hub);
          return t(
            '{0}: {1}; {2} of memory. Licence: {3}. From {4}.',
            name,
            size,
            room,
            licence,
            sources.join(t(', or else ')),
          );
        });
        const question = t('The mix {0} needs models that are not on this machine.', mix.name);
        const answer = await vscode.window.showInformationMessage(
          question,
          { modal: true, detail: detail.join('\n\n') },
          yes,
        );
        if (answer !== yes || !(await fetchAll(missing))) return false;
      }
      const there = needed.map((model) => ({ id: model.id, folder: placeOf(modelsFolder(cache), model) }));
      await addModels(settings, there);
      return true;
    },
    async offer() {
      try {
        const model = (await fetchable()).find(({ id }) => id === TINY_BASE);
        if (model === undefined) return;
        const { hub, offline } = known();
        const remembered = rememberedOf(memory.get(KEY));
        const isThere = (await missingOf([model], cache)).length === 0;
        if (!mayOffer({ isThere, offline, remembered, now: Date.now() })) return;
        const [yes, no, later] = [t('Fetch'), t('Use the Pocket Experts'), t('Not Now')];
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
    await addFolders(settings, [folder]);
    await offerToChoose(t('{0}: there, among the experts.', name));
    return;
  }
  const tiny = tinySettings['experts.active'];
  const active = settings.current().values['experts.active'];
  if (active.some((expert) => tiny.includes(expert))) {
    void vscode.window.showInformationMessage(t('{0} is there, and answers from now on.', name));
    return;
  }
  const use = t('Use It');
  const question = t('{0} is there. The experts that you chose go on answering.', name);
  if ((await vscode.window.showInformationMessage(question, use)) === use)
    await writeAll(settings, tinySettings);
}

export async function tellFailure(failure: Failure): Promise<void> {
  // Who cancels knows.
  if (failure.code === 'cancelled') return;
  const showLog = t('Show Log');
  const answer = await vscode.window.showWarningMessage(
    t('{0} The experts that are there go on answering.', failureText(failure)),
    showLog,
  );
  if (answer === showLog) await vscode.commands.executeCommand(commandId('showLog'));
}
