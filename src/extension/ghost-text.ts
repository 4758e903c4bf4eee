/** Ghost text and all that belongs to it, wired: the session, what puts it off, the trace of it, and its commands. */

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { secretIn } from '../text/secrets.ts';
import type { AskedEngine } from './completion-answer.ts';
import { createCompletionSession } from './completion-session.ts';
import { expertsOn } from './experts.ts';
import { createFileContext } from './file-context.ts';
import { registerInlineCompletions } from './inline-completions.ts';
import type { CommandName } from './names.ts';
import { pause } from './pause.ts';
import { createPowerWatch, isOnBattery, type PowerPort } from './power.ts';
import { type IsSecretFile, watchedSecretFiles } from './secret-files.ts';
import type { SettingsStore } from './settings.ts';
import { registerShowPrompt, type ShowPrompt, showPromptAtCursor } from './show-prompt-command.ts';
import { createSnooze, snoozeEndText } from './snooze.ts';
import { snoozeFor, toggleLanguage } from './snooze-commands.ts';
import type { SuggestionUse } from './suggestion-use.ts';
import { createTrace, type Decision, sentenceFor } from './trace.ts';
import { registerTraceDocument, whyNoSuggestion } from './why-command.ts';

type GhostCommands = Extract<
  CommandName,
  | 'completeNow'
  | 'toggleCompletions'
  | 'toggleLanguage'
  | 'snooze'
  | 'unsnooze'
  | 'whyNoSuggestion'
  | 'showPrompt'
>;

export interface GhostText extends vscode.Disposable {
  readonly commands: Readonly<Record<GhostCommands, () => unknown>>;
  /** What became of the newest request for a suggestion. */
  newest(): Decision | undefined;
  /** As people write it; undefined where suggestions are not put off. */
  snoozedUntil(): string | undefined;
  readonly isSecretFile: IsSecretFile;
  /** When either may have changed. */
  readonly onDidChange: vscode.Event<undefined>;
}

export interface GhostTextOptions extends AskedEngine {
  readonly settings: SettingsStore;
  readonly log: (text: string) => void;
  readonly showPrompt: ShowPrompt;
  readonly use: SuggestionUse;
}

export function registerGhostText({
  settings,
  log,
  generate,
  isStarting,
  showPrompt,
  use,
}: GhostTextOptions): GhostText {
  const values = () => settings.current().values;
  const trace = createTrace();
  const experts = () => expertsOn(settings.current().mix, 'completion');
  const snooze = createSnooze({ now: Date.now, pause });
  const onBattery = createPowerWatch(() => isOnBattery(machinePower), Date.now);
  const isSecretFile = watchedSecretFiles(() => values().secretFiles);
  const context = createFileContext({
    isWanted: () => values()['completion.context'],
    mayShow: (path, text) => !isSecretFile(path) && secretIn(text) === undefined,
    onDidChange: settings.onDidChange,
  });
  const shown = registerShowPrompt({ values, showPrompt });
  const session = createCompletionSession({
    settings: values,
    mix: () => JSON.stringify(settings.current().mix),
    experts,
    generate,
    isStarting,
    isSnoozed: () => snooze.until() !== undefined,
    isOnBattery: onBattery,
    isSecretFile,
    pause,
    now: Date.now,
    trace,
  });
  const changed = new vscode.EventEmitter<undefined>();
  const parts = vscode.Disposable.from(
    changed,
    trace.onAdd((entry) => {
      log(sentenceFor(entry));
      changed.fire(undefined);
    }),
    snooze.onChange(() => changed.fire(undefined)),
    context,
    shown,
    registerInlineCompletions({ session, use, chunksFor: context.chunksFor, experts }),
    registerTraceDocument(trace, use.counts),
  );
  return {
    commands: {
      completeNow: () => vscode.commands.executeCommand('editor.action.inlineSuggest.trigger'),
      toggleCompletions: () => settings.write('completion.enabled', !values()['completion.enabled']),
      toggleLanguage: () => toggleLanguage(settings),
      snooze: () => snoozeFor(snooze),
      unsnooze: () => snooze.end(),
      whyNoSuggestion: () => whyNoSuggestion(trace),
      showPrompt: () => showPromptAtCursor(shown, { chunksFor: context.chunksFor, isSecretFile }),
    },
    newest: () => trace.entries()[0]?.decision,
    snoozedUntil() {
      const end = snooze.until();
      return end === undefined ? undefined : snoozeEndText(end);
    },
    isSecretFile,
    onDidChange: changed.event,
    dispose() {
      snooze.end();
      parts.dispose();
    },
  };
}

const machinePower: PowerPort = {
  platform: process.platform,
  list: (folder) => readdir(folder),
  read: (file) => readFile(file, 'utf8'),
  run: async (program, args) =>
    (await promisify(execFile)(program, args, { timeout: 10_000, windowsHide: true })).stdout,
};
