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
  'breadcrumbs.enabled': false,
  'window.commandCenter': false,
  'workbench.layoutControl.enabled': false,
};

/** Writes ghost-text.png, chat.png and experts.png into `folder`. */
export async function takePictures(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const workbench = await startWorkbench({ files: Object.fromEntries(samples.map(readSample)), settings });
  const { page } = workbench;
  const take = async (name: string) => {
    await workbench.runCommand('Notifications: Clear All Notifications');
    await workbench.runCommand('View: Focus Active Editor Group').catch(() => {});
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    console.log(`  ${join(folder, `${name}.png`)}`);
  };
  try {
    await workbench.openFile('geometry.ts');
    await workbench.openExperts();
    await dragSash(page, 'sidebar', 270);
    await workbench.runCommand('Chorus: Ask');
    const chat = await workbench.chatFrame();
    await dragSash(page, 'auxiliarybar', 380);
    for (const question of ['What is 17 + 25?', 'What is 6 * 7?']) await finished(await ask(chat, question));
    await take('chat');

    await workbench.runCommand('View: Hide Secondary Side Bar');
    await page.locator('.tab.active[data-resource-name="geometry.ts"]').click();
    await workbench.typeText('\nexport function subtract(a: Point, b: Point): Point {\n');
    await workbench.waitForGhostText();
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(folder, 'ghost-text.png') });
    console.log(`  ${join(folder, 'ghost-text.png')}`);

    await page.keyboard.press('Escape');
    await workbench.toggleExpert('math');
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
