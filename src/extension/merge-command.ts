/** Merges experts into a new one: asks which and how, has a process do it, and adds the result to the experts. */

import { join } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { toFailure } from '../protocol/failure.ts';
import type { MergeReport } from '../protocol/merge.ts';
import { addFolders } from './added-models.ts';
import { withCancellableProgress } from './cancellable-progress.ts';
import type { KnownExpert } from './experts.ts';
import {
  type MergeChoices,
  type MergeMethodChoice,
  mergeMethodChoices,
  nameProblem,
  parseShare,
  parseWeights,
  recipeFor,
} from './merge-choices.ts';
import { mergeInProcess } from './merge-process.ts';
import type { SettingsStore } from './settings.ts';
import { signalOf } from './signal.ts';

export interface MergeCommandOptions {
  readonly settings: SettingsStore;
  /** dist/merge.js */
  readonly script: string;
  /** Where results go. */
  readonly home: string;
  readonly log: (line: string) => void;
}

const title = (): string => t('Chorus: Merge Experts');

export async function mergeExperts(options: MergeCommandOptions): Promise<void> {
  const { experts } = options.settings.current();
  const choices = await ask(experts);
  if (choices === undefined) return;
  const name = await vscode.window.showInputBox({
    title: title(),
    ignoreFocusOut,
    value: choices.experts.map((id) => id.replace(/^.*\//, '')).join('-'),
    prompt: t('The name of the new expert'),
    validateInput: (text) =>
      nameProblem(
        text.trim(),
        experts.map(({ id }) => id),
      ),
  });
  if (name === undefined) return;
  const report = await merge(choices, { ...options, name: name.trim(), experts });
  if (report === undefined) return;
  for (const note of report.notes) options.log(note);
  await offer(report, name.trim(), options.settings);
}

/** Of every step after the first: where a page is the active editor, it takes the focus back between two. */
const ignoreFocusOut = true;

async function ask(experts: readonly KnownExpert[]): Promise<MergeChoices | undefined> {
  const method = await vscode.window.showQuickPick([...mergeMethodChoices()], {
    title: title(),
    placeHolder: t('How their weights become one'),
    matchOnDetail: true,
  });
  if (method === undefined) return undefined;
  const chosen = await chooseMembers(experts, method);
  if (chosen === undefined) return undefined;
  const base = method.wantsBase ? await chooseBase(experts, chosen) : undefined;
  if (method.wantsBase && base === undefined) return undefined;
  const weights = method.asks.includes('weights') ? await askWeights(chosen) : undefined;
  if (method.asks.includes('weights') && weights === undefined) return undefined;
  const share = async (of: 'density' | 't'): Promise<number | undefined> =>
    method.asks.includes(of) ? askShare(of, chosen) : undefined;
  const density = await share('density');
  const way = await share('t');
  const isWhole =
    (!method.asks.includes('density') || density !== undefined) &&
    (!method.asks.includes('t') || way !== undefined);
  return isWhole ? { method, experts: chosen, base, weights, density, t: way } : undefined;
}

async function chooseMembers(
  experts: readonly KnownExpert[],
  { pair, wantsBase }: MergeMethodChoice,
): Promise<string[] | undefined> {
  const items = experts.map(({ id, folder }) => ({ label: id, detail: folder }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: title(),
    ignoreFocusOut,
    canPickMany: true,
    placeHolder: pair
      ? t('Two experts; the result starts from the first')
      : wantsBase
        ? t('The experts that are merged, without their base; they must be of one family and size')
        : t('The experts that are merged; they must be of one family and size'),
  });
  const ids = chosen?.map(({ label }) => label);
  if (ids === undefined || ids.length === 0) return undefined;
  const fits = pair ? ids.length === 2 : ids.length >= 2;
  if (fits) return ids;
  void vscode.window.showWarningMessage(
    pair
      ? t('SLERP goes from one expert to another: choose two.')
      : t('Choose at least two experts to merge.'),
  );
  return undefined;
}

async function chooseBase(
  experts: readonly KnownExpert[],
  chosen: readonly string[],
): Promise<string | undefined> {
  const items = experts
    .filter(({ id }) => !chosen.includes(id))
    .map(({ id, folder }) => ({ label: id, detail: folder }));
  if (items.length === 0) {
    void vscode.window.showWarningMessage(
      t(
        'This method adds the experts to the model that they were fine-tuned from, and no expert is left that it could be. Add its folder to chorus.models.folders, or merge by Linear.',
      ),
    );
    return undefined;
  }
  const base = await vscode.window.showQuickPick(items, {
    title: title(),
    ignoreFocusOut,
    placeHolder: t('The base that they were fine-tuned from'),
  });
  return base?.label;
}

async function askWeights(chosen: readonly string[]): Promise<number[] | undefined> {
  const text = await vscode.window.showInputBox({
    title: title(),
    ignoreFocusOut,
    value: chosen.map(() => String(Number((1 / chosen.length).toFixed(2)))).join(' '),
    prompt: t('The weights of {0}; only their ratios count', chosen.join(', ')),
    validateInput: (written) =>
      parseWeights(written, chosen.length) === undefined
        ? t('Write {0} numbers of at least 0, with blanks between, such as 0.9 0.1.', chosen.length)
        : undefined,
  });
  return text === undefined ? undefined : parseWeights(text, chosen.length);
}

async function askShare(of: 'density' | 't', chosen: readonly string[]): Promise<number | undefined> {
  const least = of === 'density' ? 'above 0' : 0;
  const [first = '', second = ''] = chosen;
  const text = await vscode.window.showInputBox({
    title: title(),
    ignoreFocusOut,
    value: of === 'density' ? '0.9' : '0.5',
    prompt:
      of === 'density'
        ? t('The share of each difference that is kept, above 0 and up to 1')
        : t('How far from {0} (0) to {1} (1)', first, second),
    validateInput: (written) =>
      parseShare(written, least) === undefined ? t('Write a number up to 1, such as 0.5.') : undefined,
  });
  return text === undefined ? undefined : parseShare(text, least);
}

interface Merging extends MergeCommandOptions {
  readonly name: string;
  readonly experts: readonly KnownExpert[];
}

/** undefined where the user ended it. */
async function merge(
  choices: MergeChoices,
  { script, home, log, name, experts }: Merging,
): Promise<MergeReport | undefined> {
  const request = {
    recipe: recipeFor(choices),
    folders: Object.fromEntries(experts.map(({ id, folder }) => [id, folder])),
    out: join(home, name),
    name,
    seed: 0,
  };
  return withCancellableProgress(title(), async (token, show) => {
    try {
      return await mergeInProcess(request, {
        script,
        log,
        signal: signalOf(token),
        onUpdate: ({ done, tensor }) => show(tensor, done),
      });
    } catch (thrown) {
      if (toFailure(thrown).code === 'cancelled') return undefined;
      throw thrown;
    }
  });
}

async function offer({ folder }: MergeReport, id: string, settings: SettingsStore): Promise<void> {
  await addFolders(settings, [folder]);
  const use = t('Use It');
  const message = t('{0} is among the experts now, and can be ticked in the Experts view.', id);
  if ((await vscode.window.showInformationMessage(message, use)) !== use) return;
  const { 'experts.active': active } = settings.current().values;
  await settings.write('experts.active', [...active.filter((other) => other !== id), id]);
}
