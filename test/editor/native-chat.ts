// The editor's own chat, not that of Chorus, as a user drives it.
import type { Locator, Page } from 'playwright-core';
import type { Workbench } from './workbench.ts';

const picker = (page: Page): Locator => page.locator('.chat-input-toolbars .model-picker-split').first();
const rows = (page: Page): Locator => page.locator('.action-widget .monaco-list-row.action');

/** Opens it to ask; to build ("Agent"), the editor lists only models that call tools. */
export async function openNativeChat(workbench: Workbench): Promise<void> {
  await workbench.runCommand('Chat: Open Chat (Ask)');
  await picker(workbench.page).filter({ hasText: 'Chorus' }).waitFor();
}

/** The name of the model that will answer. */
export async function chosenModel({ page }: Workbench): Promise<string> {
  return (await picker(page).textContent()) ?? '';
}

/** Opens the picker with all that is in it, and gives the lines. */
export async function listedModels({ page }: Workbench): Promise<string[]> {
  await picker(page).click();
  await rows(page).filter({ hasText: 'Other Models' }).click();
  await rows(page).filter({ hasText: 'alone' }).first().waitFor();
  return await rows(page).allInnerTexts();
}

/** Takes a model of the open picker. */
export async function chooseModel({ page }: Workbench, name: string): Promise<void> {
  await rows(page).filter({ hasText: name }).click();
}

/** Types a question and sends it; gives its answer's element. */
export async function askNatively({ page }: Workbench, question: string): Promise<Locator> {
  const answers = page.locator('.interactive-response');
  const before = await answers.count();
  await inputOf(page).click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(question, { delay: 20 });
  // While the editor offers something at the cursor, Enter takes that.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  const answer = answers.nth(before);
  await answer.waitFor();
  return answer;
}

export const inputOf = (page: Page): Locator =>
  page.locator('.interactive-input-part .monaco-editor').first();
