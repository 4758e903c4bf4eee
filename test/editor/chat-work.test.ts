// Working with the chat in a real VS Code: code into a file, a question asked anew, a file that is mentioned, and the window opened anew.
// The tests share one window and follow each other as one user's session.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ask, finished, textOf } from './chat.ts';
import { startWorkbench, type Workbench } from './workbench.ts';

const geometry = 'export const sides = 3;\n';
const question = 'Write a TypeScript function that multiplies a number by 7.';

let workbench: Workbench;

beforeAll(async () => {
  workbench = await startWorkbench({
    files: { 'geometry.ts': geometry, 'notes.ts': '', '.env': 'TOKEN=1\n' },
    settings: { 'chorus.completion.enabled': false, 'editor.wordWrap': 'off' },
  });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.keepEvidence(task.name);
});

afterAll(() => workbench?.dispose());

const questionsIn = (chat: Frame): Promise<string[]> => chat.locator('.asked').allTextContents();

/** The block of code of the last answer. */
async function lastCode(chat: Frame): Promise<{ readonly block: Locator; readonly code: string }> {
  const block = chat.locator('article.answer').last().locator('.code').first();
  return { block, code: ((await block.locator('code').textContent()) ?? '').trimEnd() };
}

test('code of an answer is inserted at the cursor, and applied as a diff that is accepted', async () => {
  // The palette knows the commands once the views are there.
  await workbench.openExperts();
  await workbench.runCommand('Chorus: Ask');
  const chat = await workbench.chatFrame();
  await finished(await ask(chat, question));
  const { block, code } = await lastCode(chat);
  expect(code).toContain('7');

  await workbench.openFile('notes.ts');
  await block.locator('.insert').click();
  const first = code.split('\n')[0] ?? '';
  await workbench.page.locator('.tab.active.dirty').waitFor();
  await workbench.openFile('notes.ts');
  expect(await workbench.editorText('notes.ts')).toContain(first);

  await workbench.openFile('geometry.ts');
  await block.locator('.propose').click();
  const diff = workbench.page.locator('.editor-instance .monaco-diff-editor');
  await diff.waitFor({ timeout: 30_000 });
  expect(readFileSync(join(workbench.workspace, 'geometry.ts'), 'utf8')).toBe(geometry);
  await workbench.page.locator('.editor-actions a[aria-label^="Accept Proposal"]').click();
  await diff.waitFor({ state: 'detached' });
  await workbench.page.locator('.tab.active.dirty[data-resource-name="geometry.ts"]').waitFor();
  await workbench.page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
  expect(await workbench.editorText('geometry.ts')).toContain(first);
});

test('a question is edited and asked again, answered once more, and what was put aside comes back', async () => {
  const chat = await workbench.chatFrame();
  await chat.locator('.question .edit').last().click();
  await chat.locator('.editing textarea').fill('What is 17 + 25?');
  await chat.locator('.editing button[type=submit]').click();
  await expect.poll(() => questionsIn(chat)).toEqual(['What is 17 + 25?']);
  await finished(chat.locator('article.answer').last());
  await chat.locator('#cut button').click();
  await expect.poll(() => questionsIn(chat)).toEqual([question]);
  await chat.locator('#cut button').click();
  await expect.poll(() => questionsIn(chat)).toEqual(['What is 17 + 25?']);
  await chat.locator('.again:visible').click();
  await expect.poll(() => chat.locator('#cut').textContent()).toContain('One turn was put aside.');
  await finished(chat.locator('article.answer').last());
});

test('a file that is mentioned goes with the question, and a secret one is refused', async () => {
  const chat = await workbench.chatFrame();
  await chat.locator('#question').click();
  await workbench.page.keyboard.type('What is in @file:geo', { delay: 20 });
  await chat.locator('#mentions [role=option]', { hasText: 'geometry.ts' }).waitFor();
  await workbench.page.keyboard.press('Tab');
  await chat.locator('#attached .chip', { hasText: /geometry\.ts \d+ lines?, about \d+ tokens/ }).waitFor();
  await workbench.page.screenshot({ path: join('.cache', 'editor', 'chat-work-mention.png') });
  await workbench.page.keyboard.press('Enter');
  await expect.poll(() => questionsIn(chat)).toContain('What is in @file:geometry.ts');
  await finished(chat.locator('article.answer').last());
  await chat.locator('.question').last().locator('.chip', { hasText: 'geometry.ts' }).waitFor();

  const refused = await ask(chat, 'What is in @file:.env');
  await expect(finished(refused)).rejects.toThrow('secret file');
});

test('the conversation is there again after the window was loaded anew, and goes on', async () => {
  const before = await workbench.chatFrame();
  const questions = await questionsIn(before);
  const text = await textOf(before.locator('article.answer').first());
  // What was written last is on its way to the disk for a second.
  await workbench.page.waitForTimeout(1500);
  const loaded = workbench.page.waitForEvent('load', { timeout: 60_000 });
  await workbench.runCommand('Developer: Reload Window');
  await loaded;
  await workbench.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
  await workbench.openExperts();
  await workbench.runCommand('Chorus: Ask');
  const after = await workbench.chatFrame();
  await expect.poll(() => questionsIn(after)).toEqual(questions);
  // Each answer follows its question by a call of its own.
  await expect.poll(() => textOf(after.locator('article.answer').first())).toBe(text);
  await workbench.page.screenshot({ path: join('.cache', 'editor', 'chat-work-reloaded.png') });
  await finished(await ask(after, 'What is 2 + 3?'));

  await workbench.runCommand('Chorus: New Chat');
  await expect.poll(() => questionsIn(after)).toEqual([]);
  await workbench.runCommand('Chorus: Show Chat History');
  const row = workbench.page.locator('.quick-input-widget .monaco-list-row', { hasText: 'What is 17 + 25?' });
  await row.waitFor();
  // Words of a later question, which the title does not have.
  await workbench.page.locator('.quick-input-widget input[type=text]').fill('geometry');
  await row.waitFor();
  await workbench.page.screenshot({ path: join('.cache', 'editor', 'chat-work-history.png') });
  await row.click();
  await expect.poll(() => questionsIn(after)).toEqual([...questions, 'What is 2 + 3?']);

  await workbench.runCommand('Chorus: Export Chat to Markdown');
  await workbench.page.locator('.tab.active[data-resource-name^="Untitled"]').waitFor();
  await workbench.page.screenshot({ path: join('.cache', 'editor', 'chat-work-export.png') });
});
