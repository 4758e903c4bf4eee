// What Chorus does on the editor's own surfaces: actions with a diff, a derivation that is checked, models for other extensions.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
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

let workbench: Workbench;

beforeAll(async () => {
  workbench = await startWorkbench({
    files: { 'total.py': total, 'steps.txt': derivation },
    settings: { 'chat.disableAIFeatures': false },
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
