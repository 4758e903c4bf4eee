// A real VS Code for a test: code-server on a temporary workspace with the extension installed, driven through Chromium
// as a user drives it, by keys and clicks. `dispose` ends all that was started and removes all that was written.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Browser, chromium, type Frame, type Locator, type Page } from 'playwright-core';
import { installExtension, type Server, startServer } from '../../scripts/serve.mjs';
import { processesRunning } from './processes.ts';
import { installedIn, provided } from './provided.ts';

export interface WorkbenchOptions {
  /** The files of the workspace: text by relative path. */
  readonly files: Readonly<Record<string, string>>;
  /** User settings, over the quiet defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Called with the folder of the installed extension before the editor starts. */
  readonly prepare?: (extension: string) => void;
  /** Further extensions, by their VSIX. */
  readonly others?: readonly string[];
  /** The display language. What the editor itself says stays English: its language packs are not there. */
  readonly locale?: string;
  /** Folders of models that the extension finds as if it had fetched them. */
  readonly fetched?: readonly string[];
}

const quiet = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.editor.useModal': 'off',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': 'Default Dark Modern',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'files.autoSave': 'off',
  // No test has a repository, and the extensions that wait for the start to be over wait for this one.
  'git.enabled': false,
  // A test that fetches has a hub of its own and says so.
  'chorus.models.offline': true,
  'editor.minimap.enabled': false,
};

const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** There once the extension is active. */
export const STATUS_ITEM = '.statusbar-item[id="chorus-mod.chorus.chorus.status"]';

export type Workbench = Awaited<ReturnType<typeof startWorkbench>>;

/** Starts the editor and resolves when its window is up. */
export async function startWorkbench(options: WorkbenchOptions) {
  const { codeServer, chromium: executablePath, extensions } = provided();
  const folder = mkdtempSync(join(tmpdir(), 'chorus-editor-'));
  const workspace = join(folder, 'workspace');
  const home = join(folder, 'home');
  const cache = join(folder, 'cache');
  write(workspace, options.files);
  const settings = JSON.stringify({ ...quiet, ...options.settings });
  // An editor in the browser takes settings of the machine from its server's own.
  write(home, { 'data/User/settings.json': settings, 'data/Machine/settings.json': settings });

  if (options.locale !== undefined)
    write(join(home, 'data'), languagePack(options.locale, join(home, 'data')));
  const log: string[] = [];
  let server: Server | undefined;
  let browser: Browser | undefined;
  const dispose = async () => {
    await browser?.close();
    await server?.stop();
    await removeFolder(folder);
  };
  try {
    for (const model of options.fetched ?? []) {
      cpSync(model, join(cache, 'models', basename(model)), { recursive: true });
    }
    cpSync(extensions, join(home, 'extensions'), { recursive: true });
    for (const vsix of options.others ?? []) await installExtension({ codeServer, home, vsix });
    options.prepare?.(installedIn(join(home, 'extensions')));
    server = await startServer({
      codeServer,
      home,
      folder: workspace,
      env: { CHORUS_CACHE: cache },
      locale: options.locale,
    });
    browser = await chromium.launch({ executablePath, args: browserFlags });
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('console', (message) => log.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => log.push(`uncaught: ${error.message}`));
    const { address } = server;
    /** Opens the window, or opens it anew, with an extension host of its own. */
    const load = async () => {
      await page.goto(address);
      await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
      // The explorer lists the files once the window has connected to its extension host.
      await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: 60_000 });
      // What is typed before the extension is active asks nobody for a suggestion.
      await page.locator(STATUS_ITEM).waitFor({ timeout: 60_000 });
    };
    await load();
    return {
      page,
      load,
      log,
      workspace,
      dispose,
      ...driveEditor(page, workspace),
      ...driveChorus(page, join(home, 'extensions')),
      keepEvidence: (name: string) => keepEvidence({ page, log, home, name }),
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** What the server started ends a little after it, and writes until then: also into what is being removed. */
async function removeFolder(folder: string) {
  for (let left = 40; existsSync(folder); left--) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (left === 0) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** What the editor keeps of an installed language pack, of one that translates nothing of the editor's own. */
function languagePack(locale: string, data: string): Record<string, string> {
  const words = 'no-words.json';
  const extensions = [{ extensionIdentifier: { id: 'chorus-test.no-words' }, version: '0.0.1' }];
  const pack = { hash: 'none', label: locale, extensions, translations: { vscode: join(data, words) } };
  return {
    'languagepacks.json': JSON.stringify({ [locale]: pack }),
    [words]: JSON.stringify({ contents: {} }),
  };
}

function write(folder: string, files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** What a user does in any editor. */
function driveEditor(page: Page, workspace: string) {
  const ghostText = page.locator('.monaco-editor [class*=ghost-text]');
  const suggestion = () =>
    ghostText.evaluateAll((elements) => {
      const outermost = elements.filter((element) => !element.parentElement?.closest('[class*=ghost-text]'));
      const parts = outermost.map((element) => {
        const { top, left } = element.getBoundingClientRect();
        return { top: Math.round(top), left, text: element.textContent };
      });
      // The document's order is not the screen's: what follows the first line is drawn in a layer of its own.
      parts.sort((one, other) => one.top - other.top || one.left - other.left);
      const joined = parts.map(
        ({ top, text }, index) => (index > 0 && top !== parts[index - 1]?.top ? '\n' : '') + text,
      );
      return joined.join('').replaceAll('\u00a0', ' ');
    });
  return {
    /** Runs a command by its title, through the command palette. */
    async runCommand(title: string) {
      const input = page.locator('.quick-input-widget input[type=text]');
      // A key that comes while the focus goes from one part of the window to another is lost.
      for (const timeout of [3000, 5000, 10_000]) {
        await page.keyboard.press('F1');
        const opened = await input.fill('>', { timeout }).then(
          () => true,
          () => false,
        );
        if (opened) break;
      }
      await pick(page, `>${title}`, title);
    },
    /** Opens a file of the workspace and puts the cursor at its end. */
    async openFile(name: string) {
      await page.keyboard.press('ControlOrMeta+P');
      await pick(page, name, name);
      await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
      await page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
      await page.keyboard.press('ControlOrMeta+End');
    },
    async typeText(text: string) {
      await page.keyboard.type(text, { delay: 15 });
    },
    /** The text of the suggestion, once one is shown. */
    async waitForGhostText(timeout = 60_000): Promise<string> {
      await ghostText.first().waitFor({ timeout });
      return await suggestion();
    },
    /** Accepts the suggestion and waits until it is gone; another may stand in its place. */
    async acceptWithTab() {
      const accepted = await suggestion();
      await page.keyboard.press('Tab');
      await until('the suggestion to be accepted', async () => (await suggestion()) !== accepted);
    },
    /** Saves the open file and reads it from the disk: what a screen shows is only a part. */
    async editorText(name: string): Promise<string> {
      await page.keyboard.press('ControlOrMeta+S');
      await page.locator('.tab.active:not(.dirty)').waitFor();
      return readFileSync(join(workspace, name), 'utf8');
    },
    /** The texts of the notifications that are open. */
    async notifications(): Promise<string[]> {
      return await page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts();
    },
  };
}

/** Types into the open quick pick and takes the entry that bears the name. */
async function pick(page: Page, text: string, entry: string) {
  const widget = page.locator('.quick-input-widget');
  await widget.waitFor();
  await widget.locator('input[type=text]').fill(text);
  const row = widget
    .locator('.monaco-list-row')
    .filter({ has: page.locator('.label-name', { hasText: entry }) });
  await row.first().click();
}

/** Asks until it is given something, and gives that; rejects after half a minute. */
async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Waited half a minute in vain for ${what}.`);
}

/** What a user of Chorus does. */
function driveChorus(page: Page, extensions: string) {
  const experts = page.locator('.pane', { has: page.locator('.pane-header[aria-label^="Experts"]') });
  const expert = (name: string): Locator => experts.locator('.monaco-list-row', { hasText: name }).first();
  /** The innermost frame of the webview that shows such an element, once it does. */
  const pageWith = async (selector: string): Promise<Frame> =>
    await until(`a page with ${selector}`, async () => {
      for (const frame of page.frames()) {
        if (await frame.$(selector).catch(() => null)) return frame;
      }
      return undefined;
    });
  return {
    /** The row of an expert in the Experts view, which must be open. */
    expert,
    /** Opens the Chorus container in the activity bar. */
    async openExperts() {
      const tab = page.locator('.activitybar a.action-label[aria-label^="Chorus"]');
      if (!(await experts.isVisible())) await tab.click();
      await experts.locator('.monaco-list-row').first().waitFor();
    },
    /** Ticks or unticks an expert. */
    async toggleExpert(name: string) {
      const box = expert(name).locator('.custom-view-tree-node-item-checkbox');
      const before = await box.getAttribute('aria-checked');
      // The extension has taken it in when the row says so.
      const off = expert(name).filter({ hasText: /off\b/ });
      const taken = off.waitFor({ state: before === 'true' ? 'visible' : 'hidden' });
      // The editor loses a click on a row that is drawn anew at that moment, and shows the box as it was.
      for (const wait of [5000, 10_000, 15_000]) {
        if ((await box.getAttribute('aria-checked')) === before) await box.click();
        if (await settledWithin(taken, wait)) break;
      }
      await taken;
    },
    /** How long the extension took to activate, in milliseconds, as the editor measured it. */
    async activationTime(): Promise<number> {
      const list = page.locator('.runtime-extensions-editor .monaco-list');
      await list.locator('.monaco-list-row').first().click();
      const row = list.locator('.monaco-list-row', { has: page.locator('.name', { hasText: /^Chorus$/ }) });
      const shown = row.locator('.activation-time', { hasText: /\d+ms/ });
      // The slowest is on top, rows beyond the window do not exist, and on a busy machine any place may be that of Chorus.
      const text = await until('the activation time of Chorus', async () => {
        for (const key of ['End', 'PageUp', 'Home']) {
          await page.keyboard.press(key);
          const read = await shown.textContent({ timeout: 300 }).catch(() => undefined);
          if (read) return read;
        }
        return undefined;
      });
      return Number(/(\d+)ms/.exec(text)?.[1]);
    },
    /** The page of the chat view. Before the extension has answered, what is typed into it is lost. */
    chatFrame: () => pageWith('#experts:not(:empty)'),
    pageWith,
    /** The ids of the engine processes of this editor's extension. */
    engineProcesses: () => processesRunning([extensions, join('dist', 'engine.js')]),
  };
}

/** Keeps a picture of the window, its console and the editor's logs in .cache/editor, to see why a test failed. */
async function keepEvidence(options: { page: Page; log: readonly string[]; home: string; name: string }) {
  const folder = join('.cache', 'editor', options.name.replaceAll(/[^\w]+/g, '-'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'console.log'), `${options.log.join('\n')}\n`);
  cpSync(join(options.home, 'data', 'logs'), join(folder, 'logs'), { recursive: true });
  await options.page.screenshot({ path: join(folder, 'window.png') });
}

/** Whether it resolves in time; a rejection is left to whoever awaits it. */
function settledWithin(promise: Promise<void>, milliseconds: number): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), milliseconds));
  return Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    late,
  ]);
}
