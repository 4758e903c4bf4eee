// Takes the README's pictures of the real thing: a user's minute in VS Code. Run by scripts/pictures.mjs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ask, finished } from './chat.ts';
import { sampleState } from './statistics-sample.ts';
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
  // What is being written is not finished.
  'typescript.validate.enable': false,
  'js/ts.validate.enabled': false,
  'window.commandCenter': false,
  'workbench.layoutControl.enabled': false,
};

/** The model is converted once before it answers, which takes a busy machine minutes. */
const FIRST_ANSWER = 600_000;

const derivation = `# Two lines

The line of slope four through the point (2, 3):

$$
\\begin{aligned}
4(x - 2) + 3 &= 4x - 8 + 3 \\\\
             &= 4x - 5 \\\\
             &= 4(x - 1) + 1
\\end{aligned}
$$
`;

/** By the names that the walkthrough gives them: the editor's name, and the class of its window. */
const themes = {
  light: ['Default Light Modern', 'vs'],
  'hc-dark': ['Default High Contrast', 'hc-black'],
  'hc-light': ['Default High Contrast Light', 'hc-light'],
  dark: ['Default Dark Modern', 'vs-dark'],
} as const;

export interface PictureFolders {
  /** For the whole window in the dark theme. */
  readonly docs: string;
  /** For the part that matters, in each of the four kinds of theme. */
  readonly walkthrough: string;
}

/**
 * Takes five scenes: ghost text, a chat with who said what, the experts and their mix, a derivation that was checked, and the statistics.
 * @param base the folder of Tiny's base
 */
export async function takePictures({ docs, walkthrough }: PictureFolders, base: string): Promise<void> {
  for (const folder of [docs, walkthrough]) mkdirSync(folder, { recursive: true });
  const files = { ...Object.fromEntries(samples.map(readSample)), 'line.md': derivation };
  const workbench = await startWorkbench({ files, settings, fetched: [base], prepare: countSomething });
  const { page } = workbench;
  const rest = async () => {
    await page.mouse.move(640, 797);
    await page.waitForTimeout(1000);
  };
  const useTheme = async (theme: keyof typeof themes) => {
    const [name, className] = themes[theme];
    const folder = join(workbench.workspace, '.vscode');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'settings.json'), JSON.stringify({ 'workbench.colorTheme': name }));
    await page.locator(`.monaco-workbench.${className}`).first().waitFor();
  };
  /** `part` is the part that matters, of which the walkthrough shows so much. */
  const take = async (
    name: string,
    part: string,
    size: { readonly width: number; readonly height: number },
  ) => {
    for (const theme of Object.keys(themes) as (keyof typeof themes)[]) {
      await useTheme(theme);
      await rest();
      const box = await page.locator(part).first().boundingBox();
      if (box === null) throw new Error(`There is no ${part} to take a picture of.`);
      const clip = {
        x: box.x,
        y: box.y,
        width: Math.min(box.width, size.width),
        height: Math.min(box.height, size.height),
      };
      const path = join(walkthrough, `${name}-${theme}.png`);
      await page.screenshot({ path, clip });
      console.log(`  ${path}`);
    }
  };
  const takeWhole = async (name: string) => {
    await rest();
    const path = join(docs, `${name}.png`);
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
    await take('ghost-text', '.part.editor', { width: 640, height: 440 });
    await takeWhole('ghost-text');

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
    await chat.locator('button#origins').click();
    await take('chat', '.part.auxiliarybar', { width: 380, height: 780 });
    await takeWhole('chat');

    await workbench.toggleExpert('tiny/math');
    await chat.locator('button#begin').click();
    await chat.locator('article.answer').first().waitFor({ state: 'detached' });
    await finished(await ask(chat, 'What does Array.prototype.map do?'));
    await take('experts', '.part.sidebar', { width: 330, height: 780 });
    await takeWhole('experts');
    await workbench.toggleExpert('tiny/math');

    await workbench.runCommand('View: Toggle Secondary Side Bar Visibility');
    await workbench.openFile('line.md');
    await page.keyboard.press('ControlOrMeta+A');
    await workbench.runCommand('Chorus: Check This Step');
    await page.locator('.squiggly-error').first().waitFor({ timeout: 60_000 });
    await workbench.runCommand('Go to Next Problem in Files');
    await take('maths', '.part.editor', { width: 760, height: 480 });

    await page.keyboard.press('Escape');
    await workbench.runCommand('Chorus: Show Statistics');
    await workbench.pageWith('#figures .value');
    await take('statistics', '.part.editor', { width: 900, height: 740 });
  } catch (error) {
    await workbench.keepEvidence('pictures');
    throw error;
  } finally {
    await workbench.dispose();
  }
}

/** Lets the statistics have a month to show. */
function countSomething(extension: string): void {
  const folder = join(extension, '..', '..', 'data', 'User', 'globalStorage', 'chorus-mod.chorus');
  mkdirSync(folder, { recursive: true });
  const { rows } = sampleState(30, new Date().toISOString().slice(0, 10));
  writeFileSync(join(folder, 'statistics.json'), JSON.stringify({ version: 1, rows }));
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
