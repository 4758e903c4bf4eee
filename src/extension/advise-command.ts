/** Measures the experts on the open workspace, shows the table, and offers to use the mix that it speaks for. */

import { totalmem } from 'node:os';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Advice, AdviseOutcome, AdviseProgress, AdviseRequest } from '../protocol/advice.ts';
import type { CallOptions } from '../protocol/rpc.ts';
import { adviceReport, adviceVerdict } from '../text/advice-report.ts';
import { isInForce, memoryLimit, settingsOf } from './advised-mix.ts';
import { withCancellableProgress } from './cancellable-progress.ts';
import { failureText } from './failure-text.ts';
import { writeAll } from './mix-commands.ts';
import type { IsSecretFile } from './secret-files.ts';
import type { SettingsStore } from './settings.ts';
import { signalOf } from './signal.ts';
import { registerTexts } from './text-documents.ts';
import { sampleWorkspace } from './workspace-sample.ts';

export interface AdviseCommandOptions {
  readonly settings: SettingsStore;
  readonly advise: (request: AdviseRequest, options: CallOptions<AdviseProgress>) => Promise<AdviseOutcome>;
  readonly isSecretFile: IsSecretFile;
}

export interface AdviseCommand extends vscode.Disposable {
  run(): Promise<void>;
}

const scheme = 'chorus-advice';
const reportUri = vscode.Uri.from({ scheme, path: '/Advice on the mix.md' });

export function registerAdviseCommand(options: AdviseCommandOptions): AdviseCommand {
  let report = '';
  const documents = registerTexts(scheme, () => report);
  return {
    async run() {
      const outcome = await measure(options);
      if (outcome.kind === 'failed') {
        if (outcome.failure.code !== 'cancelled')
          void vscode.window.showErrorMessage(failureText(outcome.failure));
        return;
      }
      report = adviceReport(outcome.advice);
      documents.changed(reportUri);
      await show();
      await offer(outcome.advice, options.settings);
    },
    dispose: () => documents.dispose(),
  };
}

function measure({ settings, advise, isSecretFile }: AdviseCommandOptions): Thenable<AdviseOutcome> {
  return withCancellableProgress(t('Chorus: Advise a Mix'), async (token, show) => {
    const signal = signalOf(token);
    show(t('choosing text from the workspace'));
    const texts = await sampleWorkspace(token, isSecretFile);
    const onUpdate = (update: AdviseProgress): void => show(stageText(update), update.done);
    const limit = memoryLimit(settings.current().values['mix.memoryLimit'], totalmem());
    return advise({ texts, memoryLimit: limit }, { signal, onUpdate });
  });
}

function stageText({ stage, expert }: AdviseProgress): string {
  switch (stage) {
    case 'loading':
      return t('loading {0}', expert);
    case 'reading':
      return t('{0} reads the text', expert);
    case 'comparing':
      return t('comparing the sets');
    default:
      return stage satisfies never;
  }
}

async function show(): Promise<void> {
  try {
    await vscode.commands.executeCommand('markdown.showPreview', reportUri);
  } catch {
    // The editor's Markdown preview is switched off: the table reads well as text too.
    await vscode.window.showTextDocument(reportUri, { preview: true });
  }
}

async function offer(advice: Advice, settings: SettingsStore): Promise<void> {
  const verdict = adviceVerdict(advice);
  const { chosen } = advice;
  const { mix, values } = settings.current();
  if (chosen === undefined || isInForce(chosen, mix)) {
    void vscode.window.showInformationMessage(
      chosen === undefined ? verdict : t('{0} This is the mix in force.', verdict),
    );
    return;
  }
  const use = t('Use This Mix');
  if ((await vscode.window.showInformationMessage(verdict, use)) !== use) return;
  await writeAll(settings, settingsOf(chosen, values));
}
