// Chorus in an editor whose display language is Japanese. The editor's own language pack is not there, so what the editor says
// itself stays English, and what Chorus says must not.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startWorkbench, type Workbench } from './workbench.ts';

let workbench: Workbench;
const pictures = join('.cache', 'editor');
const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  workbench = await startWorkbench({
    files: { 'a.ts': 'const a = 1;\n' },
    locale: 'ja',
    settings: { 'chorus.mix.power': 7 },
  });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.keepEvidence(task.name);
});

afterAll(() => workbench?.dispose());

test('the status bar says its reasons in Japanese', async () => {
  const item = workbench.page.locator('#chorus-mod\\.chorus\\.chorus\\.status a');
  const label = await item.getAttribute('aria-label');
  expect(label).toContain(
    '設定 chorus.mix.power の値 7 は使用できません。使用できるのは0 より大きく 1 以下の数です。',
  );
  expect(label).toContain('エンジンは最初の要求で起動します。');
});

test('the palette knows a command by its Japanese title, and the page that it opens is Japanese', async () => {
  await workbench.runCommand('Chorus: 質問する');
  const frame = await workbench.chatFrame();
  expect(await frame.locator('html').getAttribute('lang')).toBe('ja');
  expect(await frame.locator('#send').textContent()).toBe('送信');
  expect(await frame.locator('#question').getAttribute('placeholder')).toBe('エキスパートに質問 (@ で参照)');
  await frame.locator('#question').fill('What is 17 + 25?');
  await frame.locator('#question').press('Enter');
  await frame.locator('.pace', { hasText: 'トークン/秒' }).first().waitFor({ timeout: 60_000 });
  expect(await frame.locator('button.again').first().textContent()).toBe('再生成');
});

test('the views, their titles and the rows in them are Japanese', async () => {
  const { page } = workbench;
  await page.locator('.activitybar a.action-label[aria-label^="Chorus"]').click();
  const pane = page.locator('.pane', { has: page.locator('.pane-header[aria-label^="エキスパート"]') });
  await pane
    .locator('.monaco-list-row', { hasText: /準備完了、CPU、\d+ MB、重み 1/ })
    .first()
    .waitFor();
  await page.screenshot({ path: join(pictures, 'japanese.png') });
});

test('the settings are described in Japanese', async () => {
  const { page } = workbench;
  await workbench.runCommand('Preferences: Open Settings (UI)');
  await page.locator('.settings-editor .suggest-input-container .monaco-editor').first().click();
  await page.keyboard.type('@id:chorus.chat.temperature');
  const item = page.locator('.settings-editor .setting-item-description', {
    hasText: '回答の言い回しの自由度',
  });
  await item.first().waitFor();
  expect(await item.first().textContent()).toMatch(japanese);
  await page.screenshot({ path: join(pictures, 'japanese-settings.png') });
});
