/** The extension's table of contents: each feature is made in its own file and wired here. Nothing is started yet. */

import { dirname, join } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { availableMemory } from '../models/available-memory.ts';
import { mergedFolder, userCacheFolder } from '../models/cache-folder.ts';
import { modelsFolder } from '../models/stored-model.ts';
import { hasTinyBase } from '../models/tiny.ts';
import { showActions } from './actions.ts';
import { registerAdviseCommand } from './advise-command.ts';
import type { ChatSettings } from './chat-request.ts';
import { registerChatView } from './chat-view.ts';
import { registerCommands } from './commands.ts';
import { contextOf, textBudget } from './context-budget.ts';
import { EngineClient } from './engine-client.ts';
import { registerEngineNotice } from './engine-notice.ts';
import { forkEngine } from './engine-process.ts';
import { eventOf } from './events.ts';
import { removeExpert, renameExpert, rowFor } from './expert-commands.ts';
import { type ExpertRow, expertRows } from './expert-rows.ts';
import { expertsOn } from './experts.ts';
import { registerExpertsView } from './experts-view.ts';
import { registerGhostText } from './ghost-text.ts';
import { importModels } from './import-command.ts';
import { speak } from './language.ts';
import { mergeExperts } from './merge-command.ts';
import { chooseExperts, chooseMix, saveMix, setWeights, tellUnwritten, writeAll } from './mix-commands.ts';
import { registerMixView } from './mix-view.ts';
import { registerModelCards } from './model-card.ts';
import { createModelStore } from './model-store.ts';
import { commandId } from './names.ts';
import { registerNativeSurfaces } from './native-surfaces.ts';
import { registerProposals } from './proposal.ts';
import { watchSettings } from './settings.ts';
import { failureOfDefault } from './stand-in.ts';
import { registerStatistics } from './statistics.ts';
import { registerStatusBar } from './status-bar.ts';
import { type StatusInput, statusText } from './status-text.ts';

export function activate(context: vscode.ExtensionContext): void {
  // The editor's own `vscode.l10n.t` is out of reach of files that run without an editor in tests.
  speak(vscode.env.language, vscode.l10n.bundle);
  const { extensionPath } = context;
  const log = vscode.window.createOutputChannel('Chorus', { log: true });
  // The same as the terminal's: what was fetched there is there here.
  const cache = userCacheFolder(process.env);
  /** Whether the pocket experts answer in place of Tiny. */
  let standIn = false;
  /** While its base is being deleted. */
  let tinyGoes = false;
  const settings = watchSettings(
    () => ({ extensionPath, cache, hasTinyBase: !tinyGoes && hasTinyBase(cache), standIn }),
    (problem) => log.warn(problem),
  );
  const engine = new EngineClient({
    fork: () => forkEngine(join(extensionPath, 'dist', 'engine.js'), (line) => log.info(line), [cache]),
    mix: settings.current().mix,
    log,
  });
  const useDefaults = (): void => {
    standIn = false;
    settings.refresh();
  };
  const watchDefaults = engine.onChange(() => {
    const { mix, expertsChosen } = settings.current();
    const why = standIn ? undefined : failureOfDefault(expertRows(mix, engine.snapshot), expertsChosen);
    if (why === undefined || !hasTinyBase(cache)) return;
    standIn = true;
    void vscode.window.showWarningMessage(t('{0} The pocket experts answer.', why));
    settings.refresh();
  });
  const statistics = registerStatistics(context, (text) => log.warn(text));
  const generate = statistics.measured(engine.generate.bind(engine), (surface) =>
    expertsOn(settings.current().mix, surface),
  );
  const values = () => settings.current().values;
  const rows = () =>
    expertRows(settings.current().mix, engine.snapshot, {
      names: values()['experts.names'],
      folders: values()['models.folders'],
    });
  const place = ({ id, folder, base }: ExpertRow) => ({
    folder,
    base,
    folders: settings
      .current()
      .experts.filter((other) => other.id !== id)
      .map((other) => other.folder),
    precision: values()['models.precision'],
  });
  const experts = eventOf(settings.onDidChange, engine.onChange.bind(engine));
  const ghostText = registerGhostText({
    settings,
    generate,
    isStarting: () =>
      rows().some(({ active, state }) => active && ['off', 'unloaded', 'loading'].includes(state.kind)),
    log: (text) => log.trace(text),
    showPrompt: engine.showPrompt.bind(engine),
    use: statistics.use,
  });
  const status = eventOf(experts.event, ghostText.onDidChange);
  const proposals = registerProposals();
  const chatSettings = (): ChatSettings => ({
    maxTokens: values()['chat.maxTokens'],
    temperature: values()['chat.temperature'],
    systemPrompt: values()['chat.systemPrompt'],
    route: values()['mix.route'],
  });
  const budget = (): number => {
    const active = rows().filter((row) => row.active);
    const ids = active.map(({ id }) => id);
    return textBudget(contextOf(active, ids), values()['chat.maxTokens']);
  };
  const chat = registerChatView(context, {
    generate,
    explain: engine.explain.bind(engine),
    proposals,
    chatSettings,
    budget,
    isSecretFile: ghostText.isSecretFile,
    historyIsWanted: () => values()['chat.history'],
    experts: rows,
    onDidChangeExperts: experts.event,
    log: (text) => log.info(text),
  });
  const statusInput = (): StatusInput => ({
    snapshot: engine.snapshot,
    rows: rows(),
    completionsOn: values()['completion.enabled'],
    snoozedUntil: ghostText.snoozedUntil(),
    problems: settings.current().problems,
    newest: ghostText.newest(),
  });

  const store = createModelStore({
    settings,
    extensionPath,
    cache,
    obtain: engine.obtain.bind(engine),
    bundle: engine.bundle.bind(engine),
    secrets: context.secrets,
    memory: context.globalState,
    onObtained: useDefaults,
    log: (text) => log.info(text),
  });
  void store.fetching.offer();

  const native = registerNativeSurfaces(context, {
    budget,
    generate,
    count: engine.count.bind(engine),
    chatSettings,
    chat,
    proposals,
    isSecretFile: ghostText.isSecretFile,
    rows,
    onDidChange: experts.event,
    settings,
    log: (line) => log.info(line),
  });
  const importing = { settings, cache, obtain: engine.obtain.bind(engine) };
  const view = registerExpertsView({
    rows,
    onDidChange: experts.event,
    choose: (ids) => settings.write('experts.active', ids),
    drop: async (paths) => vscode.commands.executeCommand(commandId('importModel'), ...paths),
  });
  const cards = registerModelCards({ describe: engine.describe.bind(engine), extensionPath, cache, place });
  const removal = {
    settings,
    place,
    discard: engine.discard.bind(engine),
    isOwn: (folder: string) => [mergedFolder(cache), modelsFolder(cache)].includes(dirname(folder)),
    async withoutTiny<T>(task: () => Promise<T>): Promise<T> {
      tinyGoes = true;
      settings.refresh();
      return task().finally(() => {
        tinyGoes = false;
        settings.refresh();
      });
    },
  };
  const forRow =
    (title: string, act: (row: ExpertRow) => Promise<void>) =>
    async (given: unknown): Promise<void> => {
      const row = await rowFor(given, { rows: rows(), selected: view.selected(), title });
      if (row !== undefined) await act(row);
    };

  const advice = registerAdviseCommand({
    settings,
    advise: engine.advise.bind(engine),
    isSecretFile: ghostText.isSecretFile,
  });

  context.subscriptions.push(
    log,
    settings,
    { dispose: () => void engine.dispose() },
    settings.onDidChange(({ mix }) => engine.configure(mix)),
    watchDefaults,
    experts,
    status,
    ghostText,
    statistics,
    view,
    cards,
    store,
    registerMixView(context.extensionUri, {
      values,
      rows,
      generate,
      available: availableMemory,
      hold: (sets) => settings.hold(sets),
      write: (sets) => writeAll(settings, sets),
      unwritten(sets, thrown) {
        settings.release(sets);
        tellUnwritten(thrown);
      },
      run: (command) => void vscode.commands.executeCommand(commandId(command)),
      onDidChange: experts.event,
    }),
    registerStatusBar(statusInput, status.event),
    advice,
    proposals,
    registerEngineNotice(engine),
    registerCommands({
      ...ghostText.commands,
      ...store.commands,
      chooseExperts: () => chooseExperts(settings, rows),
      setWeights: () => setWeights(settings, rows),
      chooseMix: () => chooseMix(settings, store.fetching),
      adviseMix: () => advice.run(),
      mergeExperts: () =>
        mergeExperts({
          settings,
          script: join(extensionPath, 'dist', 'merge.js'),
          home: mergedFolder(cache),
          log: (line) => log.info(line),
        }),
      importModel: (...paths) =>
        importModels(
          importing,
          paths.filter((path) => typeof path === 'string'),
        ),
      renameExpert: forRow(t('Chorus: Rename Expert'), (row) => renameExpert(settings, row)),
      removeExpert: forRow(t('Chorus: Remove Expert'), (row) => removeExpert(row, removal)),
      showModelCard: forRow(t('Chorus: Show Model Card'), (row) => cards.show(row)),
      saveMix: () => saveMix(settings),
      ask: () => chat.focus(),
      showStatistics: () => statistics.show(),
      ...chat.commands,
      ...native,
      restartEngine: () => {
        useDefaults();
        return engine.restart();
      },
      showLog: () => log.show(),
      showActions: () => showActions(statusText(statusInput()).paragraphs[0] ?? ''),
    }),
  );
}

/** All that was opened is in `context.subscriptions`, which the editor disposes; the engine ends when its channel does. */
export function deactivate(): void {}
