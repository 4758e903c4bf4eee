// Experts merged from the editor: the questions, the process, and the result among the experts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { writeToy } from '../merge/toy-models.ts';
import { startWorkbench, type Workbench } from './workbench.ts';

let workbench: Workbench;
const models = mkdtempSync(join(tmpdir(), 'chorus-merge-'));

beforeAll(async () => {
  const folders = ['first', 'second'].map((name, i) => writeToy(join(models, name), i));
  workbench = await startWorkbench({
    files: { 'a.txt': 'a\n' },
    settings: { 'chorus.models.folders': folders, 'chorus.experts.active': ['pocket/code'] },
  });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.keepEvidence(task.name);
});

afterAll(async () => {
  await workbench?.dispose();
  rmSync(models, { recursive: true, force: true });
});

test('two experts merged by Linear are an expert that can be ticked', async () => {
  const { page } = workbench;
  const widget = page.locator('.quick-input-widget');
  const row = (name: string) =>
    widget
      .locator('.monaco-list-row')
      .filter({ has: page.locator('.label-name', { hasText: name }) })
      .first();
  // The palette lists a command once the extension that has it is known.
  await workbench.openExperts();
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
