// Models that the user has: one imported by command and weighed on the mix page, and two that are merged.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { writeToy } from '../merge/toy-models.ts';
import { pocketGguf } from '../runtime/pocket-gguf.ts';
import { startWorkbench, type Workbench } from './workbench.ts';

let workbench: Workbench;
const models = mkdtempSync(join(tmpdir(), 'chorus-import-'));
const file = join(models, 'mine.gguf');
const pictures = join('.cache', 'editor');

beforeAll(async () => {
  writeFileSync(file, await pocketGguf());
  writeFileSync(join(models, 'broken.gguf'), 'not a model');
  mkdirSync(pictures, { recursive: true });
  const folders = ['first', 'second'].map((name, i) => writeToy(join(models, name), i));
  workbench = await startWorkbench({
    files: { 'a.ts': 'const a = 1;\n' },
    settings: { 'chorus.models.folders': folders },
  });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.keepEvidence(task.name);
});

afterAll(async () => {
  await workbench?.dispose();
  rmSync(models, { recursive: true, force: true });
});

/** Runs the import and takes the file from the editor's own dialog. */
async function importFile(name: string): Promise<void> {
  const { page } = workbench;
  const widget = page.locator('.quick-input-widget');
  const row = (text: string) => widget.locator('.monaco-list-row', { hasText: text }).first();
  await workbench.runCommand('Chorus: Import a Model...');
  await row('Choose a file').click();
  await widget.getByText('Please select a file').or(row('..')).first().waitFor();
  await widget.locator('input[type=text]').fill(`${models}/`);
  await row(name).click();
}

/** The page of the Mix view, once it shows the experts. */
async function mixFrame(): Promise<Frame> {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    for (const frame of workbench.page.frames()) {
      if (await frame.$('#sliders .weight').catch(() => null)) return frame;
    }
    await workbench.page.waitForTimeout(100);
  }
  throw new Error('The Mix view shows no expert.');
}

test('a file that is no model is refused by a sentence', async () => {
  await workbench.openExperts();
  await importFile('broken.gguf');
  await workbench.page.getByText('it is not a GGUF file, whatever its name says').first().waitFor();
});

test('a GGUF file becomes an expert where it lies, takes part, and answers', async () => {
  const { page } = workbench;
  await importFile('mine.gguf');
  await page.getByText('mine is among the experts now').first().waitFor({ timeout: 90_000 });
  await workbench.expert('mine').waitFor();
  await page.getByText('Use It').first().click();
  await workbench.expert('mine').filter({ hasText: 'ready' }).waitFor({ timeout: 60_000 });
  // Alone, it has to supply all of the answer.
  for (const name of ['code', 'math']) await workbench.toggleExpert(name);
  const frame = await mixFrame();
  await frame.locator('#text').fill('What is 2 + 3?');
  await frame.locator('#go').click();
  await frame.locator('#legend', { hasText: 'mine 100 %' }).waitFor({ timeout: 60_000 });
  expect(await frame.locator('#answer').textContent()).not.toBe('');
});

test('a slider sets the weight, in force at once and in the settings', async () => {
  const { page } = workbench;
  for (const name of ['code', 'math']) await workbench.toggleExpert(name);
  const frame = await mixFrame();
  const slider = frame.locator('input[data-expert="pocket/math"]');
  await slider.waitFor();
  await frame.locator('#tab-chat').click();
  await slider.focus();
  await page.keyboard.press('Home');
  await workbench.expert('math').filter({ hasText: 'weight 1 in completions, 0 in the chat' }).waitFor();
  await frame.locator('#same').click();
  await workbench.expert('math').filter({ hasNotText: 'in the chat' }).waitFor();
  await frame.locator('#tab-both').click();
  await slider.focus();
  for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowLeft');
  await workbench
    .expert('math')
    .filter({ hasText: /weight 0\.9(?!\d)/ })
    .waitFor();
  await frame.locator('#text').fill('Solve for x: 3x + 4 = 19.');
  await page.keyboard.press('Enter');
  await frame.locator('#legend', { hasText: 'math' }).waitFor({ timeout: 60_000 });
  await page.screenshot({ path: join(pictures, 'mix.png') });
});

test('an expert that is removed is out of the list, and its file stays', async () => {
  const { page } = workbench;
  await workbench.expert('mine').click();
  await page.keyboard.press('Delete');
  await page.getByText('Remove mine from the experts?').waitFor();
  await page.locator('.monaco-dialog-box').getByText('Remove', { exact: true }).click();
  await page
    .getByText(/mine is removed, and \d+ MB that were made of it are deleted/)
    .first()
    .waitFor();
  await workbench.expert('mine').waitFor({ state: 'detached' });
  expect(readFileSync(file, 'latin1').slice(0, 4)).toBe('GGUF');
});

test('the card of a model opens as a page', async () => {
  const { page } = workbench;
  await workbench.expert('code').hover();
  await workbench.expert('code').locator('[aria-label^="Show Model Card"]').click();
  const tab = page.locator('.tab.active', { hasText: 'code' });
  const choice = page.locator('.quick-input-widget .monaco-list-row', { hasText: 'code' }).first();
  await expect.poll(async () => (await tab.isVisible()) || (await choice.isVisible())).toBe(true);
  // Where the rows are drawn anew at that moment, the editor does not say which one it was, and the command asks.
  if (!(await tab.isVisible())) await choice.click();
  await tab.waitFor();
  const shown = async (): Promise<boolean> => {
    for (const frame of page.frames()) {
      const text = await frame
        .locator('table')
        .first()
        .textContent({ timeout: 200 })
        .catch(() => '');
      if (/Licence[\s\S]*SHA-256/.test(text ?? '')) return true;
    }
    return false;
  };
  await expect.poll(shown, { timeout: 30_000 }).toBe(true);
  await page.screenshot({ path: join(pictures, 'model-card.png') });
  // It would take the keyboard from what asks one thing after another.
  await tab.click({ button: 'middle' });
  await tab.waitFor({ state: 'detached' });
});

test('two experts merged by Linear are an expert that can be ticked', async () => {
  const { page } = workbench;
  const widget = page.locator('.quick-input-widget');
  const row = (name: string) =>
    widget
      .locator('.monaco-list-row')
      .filter({ has: page.locator('.label-name', { hasText: name }) })
      .first();
  await workbench.runCommand('Chorus: Merge Experts');
  await row('Linear').click();
  await widget.locator('input[placeholder^="The experts that are merged"]').waitFor();
  for (const name of ['first', 'second']) await row(name).click();
  await page.keyboard.press('Enter');
  await widget.getByText('The weights of first, second').waitFor();
  await widget.locator('input[type=text]').fill('3 1');
  await page.keyboard.press('Enter');
  await widget.getByText('The name of the new expert').waitFor();
  await widget.locator('input[type=text]').fill('both');
  await page.keyboard.press('Enter');
  await page.getByText('both is among the experts now').first().waitFor();
  await workbench.expert('both').waitFor();
  expect(await workbench.expert('both').textContent()).toContain('off');
  await page.getByText('Use It').first().click();
  await workbench
    .expert('both')
    .filter({ hasNotText: /\boff\b/ })
    .waitFor();
});
