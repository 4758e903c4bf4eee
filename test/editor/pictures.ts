// Takes the README's pictures of the real thing: a user's minute in VS Code. Run by scripts/pictures.mjs.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ask, finished } from './chat.ts';
import { startWorkbench } from './workbench.ts';

const samples = ['src/geometry.ts', 'src/numbers.py', 'questions.md', 'README.md'];
const readSample = (name: string) => [name, readFileSync(join('samples', name), 'utf8')] as const;

const settings = {
  'workbench.colorTheme': 'Default Dark Modern',
  'editor.fontSize': 14,
  'editor.scrollbar.vertical': 'hidden',
  'editor.scrollbar.horizontal': 'hidden',
  'editor.overviewRulerBorder': false,
  'breadcrumbs.enabled': false,
  'window.commandCenter': false,
  'workbench.layoutControl.enabled': false,
};

/** The model is converted once before it answers, which takes a busy machine minutes. */
const FIRST_ANSWER = 600_000;

/**
 * Writes ghost-text.png, chat.png (a first answer and the shares beneath it) and experts.png into `folder`.
 * @param base the folder of Tiny's base
 */
export async function takePictures(folder: string, base: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const files = Object.fromEntries(samples.map(readSample));
  const workbench = await startWorkbench({ files, settings, fetched: [base] });
  const { page } = workbench;
  const take = async (name: string) => {
    await page.mouse.move(400, 796);
    await page.waitForTimeout(1000);
    const path = join(folder, `${name}.png`);
    await page.screenshot({ path });
    console.log(`  ${path}`);
  };
  try {
    await workbench.openFile('geometry.ts');
    await workbench.openExperts();
    await dragSash(page, 'sidebar', 330);
    await page.locator('.tab.active[data-resource-name="geometry.ts"]').click();
    await page.keyboard.press('ControlOrMeta+End');
    await workbench.typeText('\nexport function subtract(a: Point, b: Point): Point {\nreturn {');
    await workbench.waitForGhostText(FIRST_ANSWER);
    await take('ghost-text');

    await page.keyboard.press('Tab');
    await workbench.editorText('src/geometry.ts');
    await workbench.runCommand('Chorus: Ask');
    const chat = await workbench.chatFrame();
    await dragSash(page, 'auxiliarybar', 380);
    const questions = [
      'What is the capital of France?',
      'Write a TypeScript function that adds two numbers.',
    ];
    for (const question of questions) await finished(await ask(chat, question));
    await take('chat');

    await workbench.toggleExpert('tiny/math');
    await chat.locator('button#begin').click();
    await chat.locator('article.answer').first().waitFor({ state: 'detached' });
    await finished(await ask(chat, 'What does Array.prototype.map do?'));
    await take('experts');
  } catch (error) {
    await workbench.keepEvidence('pictures');
    throw error;
  } finally {
    await workbench.dispose();
  }
}

/** Makes a side bar so many pixels wide by dragging its edge. */
async function dragSash(page: Page, part: 'sidebar' | 'auxiliarybar', width: number): Promise<void> {
  const box = await page.locator(`.part.${part}`).boundingBox();
  if (!box) throw new Error(`There is no ${part} to make wider.`);
  const left = part === 'sidebar';
  const edge = left ? box.x + box.width + 2 : box.x - 2;
  const change = (width - box.width) * (left ? 1 : -1);
  await page.mouse.move(edge, 400);
  await page.mouse.down();
  await page.mouse.move(edge + change / 2, 400, { steps: 4 });
  await page.mouse.move(edge + change, 400, { steps: 4 });
  await page.mouse.up();
}
