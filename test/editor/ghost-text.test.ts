// Ghost text in a real VS Code: taken whole, by word and by line, gone through, put off; and "Why was there no suggestion?" says
// the true reason. The tests share one window and follow each other as one user's session.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startWorkbench, type Workbench } from './workbench.ts';

const geometry = `export interface Point {
  x: number;
  y: number;
}

export function add(a: Point, b: Point): Point {
  return { x: a.x + b.x, y: a.y + b.y };
}

`;

let workbench: Workbench;

beforeAll(async () => {
  workbench = await startWorkbench({
    files: {
      'geometry.ts': geometry,
      'empty.ts': '',
      '.env': 'NAME=chorus\n',
      'keys.ts': `export const key = 'AKIA${'ABCDEFGH12345678'}';\n`,
    },
    // Pairs and lists that come up would stand in the way of the keys of the tests.
    settings: { 'editor.quickSuggestions': false, 'editor.autoClosingBrackets': 'never' },
    prepare: (extension) => {
      const line = { key: 'ctrl+alt+l', command: 'editor.action.inlineSuggest.acceptNextLine' };
      const keys = join(extension, '..', '..', 'data', 'User', 'keybindings.json');
      writeFileSync(keys, JSON.stringify([line]));
    },
  });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.keepEvidence(task.name);
});

afterAll(() => workbench?.dispose());

const press = (key: string) => workbench.page.keyboard.press(key);

/** What the command says about the newest request, once it says what is expected or has had the time. */
async function why(expected: RegExp): Promise<string> {
  let said = '';
  for (let attempt = 0; attempt < 10 && !expected.test(said); attempt++) {
    await workbench.page.waitForTimeout(300);
    await workbench.runCommand('Chorus: Why Was There No Suggestion?');
    const toast = workbench.page.locator('.notifications-toasts .notification-list-item-message').first();
    await toast.waitFor();
    said = (await toast.textContent()) ?? '';
    await workbench.runCommand('Notifications: Clear All Notifications');
    await toast.waitFor({ state: 'detached' });
  }
  return said;
}

/** Opens the list of the last requests and gives the line in which `expected` stands; the newest are in sight. */
async function reportLine(expected: RegExp): Promise<string> {
  await workbench.runCommand('Chorus: Why Was There No Suggestion?');
  await workbench.page.getByRole('button', { name: 'Show the Last Ones' }).click();
  const lines = workbench.page.locator('.editor-instance .view-line');
  for (let attempt = 0; attempt < 50; attempt++) {
    const texts = (await lines.allTextContents()).map((text) => text.replaceAll('\u00a0', ' '));
    const found = texts.find((text) => expected.test(text));
    if (found !== undefined) return found;
    await workbench.page.waitForTimeout(200);
  }
  throw new Error(`The list of the last requests says nowhere: ${expected.source}`);
}

/** Settings of the workspace; what is not named is as it was. */
async function set(settings: Readonly<Record<string, unknown>>): Promise<void> {
  mkdirSync(join(workbench.workspace, '.vscode'), { recursive: true });
  writeFileSync(join(workbench.workspace, '.vscode', 'settings.json'), JSON.stringify(settings));
  // The editor watches the file and tells nobody when it has seen it.
  await workbench.page.waitForTimeout(2500);
}

/** Types two keys, the second a while after the first, while the engine stands still and cannot have answered. */
async function typeWhileItStands([first = '', second = '']: string): Promise<void> {
  const [engine] = workbench.engineProcesses();
  if (engine === undefined) throw new Error('No engine is running.');
  process.kill(engine, 'SIGSTOP');
  try {
    await press(first);
    await workbench.page.waitForTimeout(1500);
    await press(second);
  } finally {
    process.kill(engine, 'SIGCONT');
  }
}

/** A new last line of the open file, blank. */
async function newLine(): Promise<void> {
  await press('Escape');
  await press('ControlOrMeta+End');
  await press('End');
  await press('Enter');
  await press('Home');
  await press('Shift+End');
  await press('Delete');
}

test('a suggestion is taken by word, by line and whole', async () => {
  await workbench.openFile('geometry.ts');
  await workbench.typeText('export function subtract(a: Point, b: Point): Point {\n');
  const shown = (await workbench.waitForGhostText()).split('\n')[0] ?? '';
  const before = await workbench.editorText('geometry.ts');
  await press('ControlOrMeta+ArrowRight');
  await workbench.page.waitForTimeout(500);
  const word = (await workbench.editorText('geometry.ts')).trimEnd().slice(before.trimEnd().length).trim();
  expect(word.length).toBeGreaterThan(0);
  expect(word.length).toBeLessThan(shown.length);
  expect(shown.startsWith(word)).toBe(true);
  // The rest stays, and its first line is taken.
  await workbench.waitForGhostText();
  await press('ControlOrMeta+Alt+L');
  await workbench.page.waitForTimeout(500);
  expect(await workbench.editorText('geometry.ts')).toContain(shown.trimEnd());

  await newLine();
  await workbench.typeText('export function multiply(a: Point, b: Point): Point {\n');
  await workbench.waitForGhostText();
  await workbench.acceptWithTab();
  expect(await reportLine(/shown, 1 taken whole, [12] in part/)).toMatch(/\d+ characters together/);
});

test('the reason is the true one where something was shown, and further suggestions come by command', async () => {
  await workbench.openFile('geometry.ts');
  let choices: readonly string[] = [];
  // At some places all experts say the same, and then there is one suggestion alone.
  for (const place of ['const total = ', '// The sum of 17 and 25 is ', 'const area = ', 'const name = ']) {
    await newLine();
    await workbench.typeText(place);
    const first = await workbench.waitForGhostText(5000).catch(() => undefined);
    if (first === undefined) continue;
    // The next one is asked for by command, which gives each expert's own beside the mixture's.
    await press('Alt+BracketRight');
    await workbench.page.waitForTimeout(3000);
    choices = [first, await workbench.waitForGhostText()];
    if (choices[0] !== choices[1]) break;
  }
  expect(new Set(choices).size).toBe(2);
  expect(await why(/was shown/)).toMatch(/^A suggestion of \d+ characters? in \d+ lines? was shown/);
  expect(await reportLine(/ command .+ to choose from/)).toMatch(/[2-4] to choose from/);
});

test('the reason is the true one where the place is none for a suggestion', async () => {
  await workbench.openFile('geometry.ts');
  await newLine();
  await workbench.typeText('done();');
  expect(await why(/finished statement/)).toMatch(/^The line ends with a finished statement/);

  await newLine();
  await workbench.typeText('value');
  await press('ArrowLeft');
  await press('ArrowLeft');
  await workbench.typeText('x');
  expect(await why(/inside a word/)).toMatch(/^The cursor is inside a word/);

  await newLine();
  await workbench.typeText(' of many words to the right');
  await press('Home');
  await workbench.typeText('(');
  expect(await why(/right of the cursor/)).toMatch(/^There is text right of the cursor/);

  await workbench.openFile('empty.ts');
  await workbench.typeText(' ');
  expect(await why(/is empty/)).toMatch(/^The document is empty/);
});

test('the reason is the true one where suggestions are off', async () => {
  await workbench.openFile('geometry.ts');
  await newLine();
  await workbench.runCommand('Chorus: Toggle Completions');
  await workbench.typeText('const off = ');
  expect(await why(/turned off\./)).toMatch(/^Completions are turned off\./);
  await workbench.runCommand('Chorus: Toggle Completions');

  await workbench.runCommand('Chorus: Switch This Language On or Off');
  await workbench.typeText('1 + ');
  expect(await why(/turned off for/)).toMatch(/^Completions are turned off for typescript/);
  await workbench.runCommand('Chorus: Switch This Language On or Off');
  await workbench.runCommand('Notifications: Clear All Notifications');
});

test('a snooze is said in the status bar and as the reason, and ends by command', async () => {
  await newLine();
  await workbench.runCommand('Chorus: Snooze Suggestions');
  const widget = workbench.page.locator('.quick-input-widget');
  await widget.locator('.monaco-list-row', { hasText: '1 hour' }).click();
  const status = workbench.page.locator('.statusbar-item', { hasText: /snoozed until \d/ });
  await status.waitFor({ timeout: 10_000 });
  await workbench.typeText('const asleep = ');
  expect(await why(/snoozed/)).toMatch(/^Suggestions are snoozed\./);
  await workbench.runCommand('Chorus: End Snooze');
  await status.waitFor({ state: 'detached' });
  await workbench.typeText('1 + ');
  expect(await why(/was shown|added nothing|nothing to add/)).not.toMatch(/snoozed/);
});

test('secrets are left alone, and the reason says so', async () => {
  await workbench.openFile('.env');
  await workbench.typeText('TOKEN=');
  expect(await why(/secretFiles/)).toMatch(/^This file is one that the setting chorus\.secretFiles/);
  await workbench.openFile('keys.ts');
  await workbench.typeText('export const other = ');
  expect(await why(/key or a token/)).toMatch(/looks like a key or a token/);
});

test('the reason is the true one where the user typed on, the experts were unsure, or nobody takes part', async () => {
  await workbench.openFile('geometry.ts');
  await set({ 'chorus.completion.minConfidence': 1 });
  let unsure = '';
  // The editor may see the settings late.
  for (const name of ['unsure', 'doubtful', 'undecided']) {
    await newLine();
    await workbench.typeText(`const ${name} = `);
    unsure = await why(/not sure enough/);
    if (unsure.includes('not sure enough')) break;
  }
  expect(unsure).toMatch(/not sure enough of the suggestion: \d+ % a token/);

  let cancelled: string | undefined;
  // On a busy machine the editor may ask only after the second key.
  for (const keys of ['km', 'qz', 'jx']) {
    await newLine();
    await typeWhileItStands(keys);
    cancelled = await reportLine(
      /You typed on or moved the cursor after 1\d\d\d ms, before the suggestion/,
    ).catch(() => undefined);
    if (cancelled !== undefined) break;
    await workbench.openFile('geometry.ts');
  }
  expect(cancelled).toMatch(/typing.+typescript/);

  await set({ 'chorus.experts.active': [] });
  await workbench.openFile('geometry.ts');
  await newLine();
  await workbench.typeText('const nobody = ');
  expect(await why(/No expert/)).toMatch(/^No expert takes part/);
});
