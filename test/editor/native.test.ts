// What Chorus does on the editor's own surfaces: actions from the palette, the context menu and the lightbulb, a derivation that is
// checked, the terminal, dialogs, the editor's own chat, models for other extensions.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ask, finished, textOf } from './chat.ts';
import {
  askNatively,
  chooseModel,
  chosenModel,
  inputOf,
  listedModels,
  openNativeChat,
} from './native-chat.ts';
import { packageProbe, probeFile, probeTitle } from './probe.ts';
import { startWorkbench, type Workbench } from './workbench.ts';

const total = `def total(items):
    result = 0
    for i in range(len(items)):
        result = result + items[i]
    return result
`;
const derivation = `2x + 3 = 7
2x = 10
x = 5
`;
const formula = '\\frac{a}{b}';

let workbench: Workbench;

beforeAll(async () => {
  workbench = await startWorkbench({
    files: { 'total.py': total, 'steps.txt': derivation, 'formula.tex': formula, 'broken.zip': 'no archive' },
    settings: {
      'chat.disableAIFeatures': false,
      // The editor's own chat answers by the extension that comes with it, which this lets work without an account, and the next
      // line without a connection.
      'chat.allowAnonymousAccess': true,
      'http.proxy': 'http://127.0.0.1:9',
    },
    others: [await packageProbe()],
  });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.keepEvidence(task.name);
});

afterAll(() => workbench?.dispose());

/** Runs an action and waits for its diff. */
async function propose(title: string) {
  await workbench.page.locator('.editor-instance .monaco-editor').first().click();
  await workbench.page.keyboard.press('ControlOrMeta+A');
  await workbench.runCommand(title);
  const diff = workbench.page.locator('.editor-instance .monaco-diff-editor');
  await diff.waitFor({ timeout: 90_000 });
  return diff;
}

test('a change is shown as a diff, and nothing is written when it is discarded', async () => {
  await workbench.openFile('total.py');
  const diff = await propose('Chorus: Simplify');
  await workbench.page.screenshot({ path: join('.cache', 'editor-proposal.png') });
  await workbench.page.locator('.editor-actions a[aria-label^="Discard Proposal"]').click();
  await diff.waitFor({ state: 'detached' });
  expect(readFileSync(join(workbench.workspace, 'total.py'), 'utf8')).toBe(total);
  await workbench.openFile('total.py');
  expect(await workbench.editorText('total.py')).toBe(total);
});

test('a change that is accepted is in the file, not saved, and one Undo takes it back', async () => {
  await workbench.openFile('total.py');
  const diff = await propose('Chorus: Simplify');
  await workbench.page.locator('.editor-actions a[aria-label^="Accept Proposal"]').click();
  await diff.waitFor({ state: 'detached' });
  expect(readFileSync(join(workbench.workspace, 'total.py'), 'utf8')).toBe(total);
  const changed = await workbench.editorText('total.py');
  expect(changed).not.toBe(total);
  expect(changed.trim()).not.toBe('');
  await workbench.page.keyboard.press('ControlOrMeta+Z');
  expect(await workbench.editorText('total.py')).toBe(total);
});

test('what is selected is explained in the chat, from the context menu', async () => {
  await workbench.openFile('total.py');
  await workbench.page.keyboard.press('ControlOrMeta+A');
  await workbench.page.locator('.view-line', { hasText: 'result = 0' }).first().click({ button: 'right' });
  const entry = (name: string) => workbench.page.locator('.monaco-menu .action-menu-item', { hasText: name });
  await entry('Chorus').hover();
  await entry('Explain Selection').hover();
  // A menu takes no click at the moment it opens.
  await workbench.page.keyboard.press('Enter');
  const chat = await workbench.chatFrame();
  const answer = chat.locator('article.answer').last();
  await answer.waitFor();
  await finished(answer);
  expect(await textOf(answer)).not.toBe('');
  const question = await chat.locator('.asked').last().textContent();
  expect(question).toContain('total.py');
  expect(question).toContain('result = result + items[i]');
});

test('the lightbulb offers to document what is selected, and shows the change as a diff', async () => {
  await workbench.openFile('total.py');
  await workbench.page.keyboard.press('ControlOrMeta+A');
  await workbench.page.keyboard.press('ControlOrMeta+.');
  await workbench.page
    .locator('.action-widget .monaco-list-row', { hasText: 'Document with Chorus' })
    .click();
  const diff = workbench.page.locator('.editor-instance .monaco-diff-editor');
  await diff.waitFor({ timeout: 90_000 });
  await workbench.page.screenshot({ path: join('.cache', 'editor-lightbulb.png') });
  await workbench.page.locator('.editor-actions a[aria-label^="Discard Proposal"]').click();
  await diff.waitFor({ state: 'detached' });
});

test('tests for what is selected open beside it, saved nowhere', async () => {
  await workbench.openFile('total.py');
  await workbench.page.keyboard.press('ControlOrMeta+A');
  await workbench.runCommand('Chorus: Write Tests');
  const tab = workbench.page.locator('.tab.active[data-resource-name^="Untitled"]');
  await tab.waitFor({ timeout: 90_000 });
  await workbench.page.screenshot({ path: join('.cache', 'editor-tests.png') });
  await workbench.runCommand('View: Revert and Close Editor');
  await tab.waitFor({ state: 'detached' });
});

test('a formula becomes code, which is proposed beneath it', async () => {
  await workbench.openFile('formula.tex');
  const diff = await propose('Chorus: Translate Formula');
  await expect.poll(() => diff.locator('.editor.modified .view-lines').textContent()).toMatch(/frac.*return/);
  await workbench.page.screenshot({ path: join('.cache', 'editor-formula.png') });
  await workbench.page.locator('.editor-actions a[aria-label^="Discard Proposal"]').click();
  await diff.waitFor({ state: 'detached' });
});

test('the first wrong step of a derivation is marked with its reason', async () => {
  await workbench.openFile('steps.txt');
  await workbench.page.keyboard.press('ControlOrMeta+A');
  await workbench.runCommand('Chorus: Check This Step');
  await workbench.page
    .locator('.notifications-toasts .notification-list-item-message', { hasText: 'Wrong steps: 1' })
    .waitFor();
  await expect.poll(() => workbench.page.locator('.squiggly-error').count()).toBeGreaterThan(0);
  await workbench.runCommand('View: Focus Problems');
  const problems = workbench.page.locator('.markers-panel .monaco-list-row');
  await expect
    .poll(async () => (await problems.allInnerTexts()).join('\n'))
    .toMatch(/False\. x = 2 satisfies/);
  await workbench.page.screenshot({ path: join('.cache', 'editor-steps.png') });
});

test('what is selected in the terminal goes with a question that mentions it', async () => {
  const { page } = workbench;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  // The terminal forgets its selection when it gets another width, so the chat is there first.
  await workbench.runCommand('Chorus: Ask');
  const chat = await workbench.chatFrame();
  await chat.locator('textarea#question:focus').waitFor();
  await page.keyboard.press('Control+Backquote');
  // What the terminal draws is no text of the page; a dot beside each line says that it waits, and then that the command has ended.
  const dot = page.locator('.terminal-wrapper.active .terminal-command-decoration');
  await dot.first().waitFor();
  // The chat takes the focus a little after it is opened.
  await page.locator('.terminal-wrapper.active .xterm-screen').click();
  await page.locator('.terminal-wrapper.active .xterm.focus').waitFor();
  await page.keyboard.type('echo $((4000 + 321))\n');
  await dot.and(page.locator('.success')).waitFor();
  await workbench.runCommand('Terminal: Select All');
  const answer = await ask(chat, 'What was printed? @terminal');
  await finished(answer);
  await chat.locator('.question').last().locator('.chip', { hasText: 'terminal output' }).waitFor();
  await page.screenshot({ path: join('.cache', 'editor-terminal.png') });
});

test('no bundle is written where no model was fetched, and what is no bundle is not taken in', async () => {
  const { page } = workbench;
  const said = async () => (await workbench.notifications()).join('\n');
  await workbench.runCommand('Chorus: Export Models as a Bundle');
  await expect.poll(said).toContain('No fetched model is on this machine');
  await workbench.runCommand('Chorus: Import a Bundle of Models');
  const dialog = page.locator('.quick-input-widget', { hasText: 'Import a Bundle of Models' });
  await dialog.locator('input[type=text]').fill(join(workbench.workspace, 'broken.zip'));
  await dialog.locator('.monaco-button', { hasText: 'Import' }).click();
  await expect.poll(said).toMatch(/broken\.zip is no bundle of Chorus that can be used/);
  await page.screenshot({ path: join('.cache', 'editor-bundle.png') });
  await workbench.runCommand('Notifications: Clear All Notifications');
});

test("the picker of the editor's own chat lists every mix and begins with the present one", async () => {
  await openNativeChat(workbench);
  await expect.poll(() => chosenModel(workbench)).toContain('Chorus (present mix)');
  const listed = (await listedModels(workbench)).join('\n');
  for (const name of ['Chorus: All three, even', 'Chorus: pocket/code alone', 'Chorus: pocket/math alone'])
    expect(listed).toContain(name);
  await workbench.page.screenshot({ path: join('.cache', 'editor-native-picker.png') });
  await chooseModel(workbench, 'Chorus: pocket/math alone');
  await expect.poll(() => chosenModel(workbench)).toContain('Chorus: pocket/math alone');
});

test("a question in the editor's own chat is answered by the mix that is chosen", async () => {
  // The file that is open would go with the question, and the instructions alone fill most of what the expert reads.
  await workbench.runCommand('View: Close All Editors');
  await openNativeChat(workbench);
  const answer = await askNatively(workbench, 'What is 2 + 3?');
  // The editor puts its own instructions before the question, of which so small an expert makes little: that it answers is all.
  const said = answer.locator('.value .rendered-markdown').first();
  await expect.poll(async () => (await said.textContent()) ?? '', { timeout: 90_000 }).toMatch(/\w+ \w+/);
  await expect.poll(() => answer.textContent(), { timeout: 60_000 }).toContain('Chorus: pocket/math alone');
  await workbench.page.screenshot({ path: join('.cache', 'editor-native-turn.png') });
  expect(await answer.textContent()).not.toMatch(/failed|Sorry/);
});

test("@chorus answers in the editor's own chat, where no ghost text is in the way", async () => {
  await openNativeChat(workbench);
  const answer = await askNatively(workbench, '@chorus What is 2 + 3?');
  await expect.poll(() => answer.textContent(), { timeout: 90_000 }).toMatch(/math \d+ %/);
  expect(await answer.textContent()).toContain('2 + 3 = 5');
  await workbench.page.screenshot({ path: join('.cache', 'editor-native-chat.png') });
  // The editor writes @chorus into the box again. Longer than a suggestion waits for a pause.
  await expect.poll(() => inputOf(workbench.page).textContent()).toContain('@chorus');
  await workbench.page.waitForTimeout(2000);
  expect(await inputOf(workbench.page).locator('[class*=ghost-text]').count()).toBe(0);
});

test('another extension finds every mix as a model, which answers, counts, refuses an image and can be cancelled', async () => {
  // The command is there once the editor has read what extensions there are.
  await workbench.openFile('total.py');
  await workbench.runCommand(probeTitle);
  const allow = workbench.page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Allow' });
  const file = join(workbench.workspace, probeFile);
  await expect
    .poll(
      async () => {
        if (await allow.isVisible()) await allow.click();
        return existsSync(file);
      },
      { timeout: 90_000, interval: 300 },
    )
    .toBe(true);
  const found = JSON.parse(readFileSync(file, 'utf8'));
  expect(found.failed).toBeUndefined();
  const ids = found.models.map(({ id }: { id: string }) => id);
  expect(ids).toEqual(expect.arrayContaining(['present', 'expert/pocket/general', 'expert/pocket/math']));
  for (const { maxInputTokens, family } of found.models) {
    expect(maxInputTokens).toBeGreaterThan(256);
    expect(family).toBe('chorus');
  }
  expect(found.answer.error).toBeUndefined();
  expect(found.answer.pieces.length).toBeGreaterThan(1);
  expect(found.answer.pieces.join('')).toMatch(/42/);
  expect(found.tokens).toBeGreaterThan(3);
  expect(found.tokens).toBeLessThan(20);
  expect(found.image.error).toMatch(/no images/);
  expect(found.cancelled.pieces.join('').length).toBeLessThan(200);
  expect(found.tool).toMatch(/^False\. For x = /);
  expect(found.computed).toMatch(/^1\/2 /);
});
