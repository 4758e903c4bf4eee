// The chat view as a user sees it: ask, wait, read the answer and the share that each expert had in it.
import type { Frame, Locator } from 'playwright-core';

/** Sends a question and gives its answer's element, which is there but not finished. */
export async function ask(chat: Frame, question: string): Promise<Locator> {
  const answers = chat.locator('article.answer');
  const before = await answers.count();
  await chat.locator('textarea#question').fill(question);
  await chat.locator('button#send').click();
  const answer = answers.nth(before);
  await answer.waitFor();
  return answer;
}

/** Waits until an answer is finished; rejects where it failed. */
export async function finished(answer: Locator, timeout = 90_000): Promise<void> {
  await answer.locator('xpath=self::*[@data-state!="streaming"]').waitFor({ timeout });
  const state = await answer.getAttribute('data-state');
  if (state !== 'done') throw new Error(`The answer failed: ${await answer.textContent()}`);
}

/** What the answer says. */
export async function textOf(answer: Locator): Promise<string> {
  return ((await answer.locator('.content').textContent()) ?? '').trim();
}

/** Runs `work` and gives every text that the newest answer showed meanwhile, in order. */
export async function textsShown(chat: Frame, work: () => Promise<void>): Promise<string[]> {
  const watch = await chat.evaluateHandle(() => {
    const texts: string[] = [];
    const observer = new MutationObserver(() => {
      const text = [...document.querySelectorAll('article.answer .content')].at(-1)?.textContent ?? '';
      if (text !== '' && text !== texts.at(-1)) texts.push(text);
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    return { texts, observer };
  });
  await work();
  return await watch.evaluate(({ texts, observer }) => {
    observer.disconnect();
    return texts;
  });
}

/** The experts that supplied a share of the answer, by name. */
export async function shares(answer: Locator): Promise<string[]> {
  const elements = await answer.locator('.shares [data-expert]').all();
  const names = await Promise.all(elements.map((element) => element.getAttribute('data-expert')));
  return names.filter((name) => name !== null).sort();
}
