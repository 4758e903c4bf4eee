// The chat page by itself in Chromium: who said what, questions asked anew, code, files, and what a screen reader is told.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CodeBlock } from '../../src/protocol/chat.ts';
import type { ExplainRequest } from '../../src/protocol/engine.ts';
import { ask, finished } from './chat.ts';
import { type ChatOptions, type OpenChat, openChat, startBrowser } from './chat-harness.ts';
import { explanation, inWords, player } from './chat-player.ts';
import { themes } from './themes.ts';
import { seriousOn } from './webview.ts';

const ANSWER = `The **sum** of \\(a\\) and \\(b\\) is:

\`\`\`ts
export const sum = (a: number, b: number): number => a + b;
\`\`\`

See [the docs](https://a.example/docs), or this table:

| a | b |
|---|---|
| 1 | 2 |

- one
- two

\\[ \\sum_{i=1}^{n} i = \\frac{n(n+1)}{2} \\]

> So it is \`n(n+1)/2\`, I think.`;

let browser: Browser;
const open: OpenChat[] = [];

beforeAll(async () => {
  browser = await startBrowser();
});

afterEach(async () => {
  for (const chat of open.splice(0)) await chat.close();
});

afterAll(() => browser?.close());

async function chatWith(options: Partial<ChatOptions> = {}): Promise<OpenChat> {
  const { generate } = player(() => inWords(ANSWER));
  const chat = await openChat(browser, { generate, ...options });
  open.push(chat);
  return chat;
}

async function answered(chat: OpenChat, ...questions: readonly string[]): Promise<void> {
  for (const question of questions) await finished(await ask(chat.page.mainFrame(), question));
  await chat.settled();
}

const questionsOn = ({ page }: OpenChat): Promise<string[]> => page.locator('.asked').allTextContents();

describe('who said what', () => {
  test('shows the text as it was written, each piece with its expert, and stays on when the page is loaded anew', async () => {
    const chat = await chatWith();
    const { page, seen } = chat;
    await answered(chat, 'one');
    expect(await page.locator('.content').isVisible()).toBe(true);
    await page.locator('#origins').click();
    const pieces = page.locator('.origins .piece');
    expect((await pieces.allTextContents()).join('')).toBe(ANSWER);
    expect(await page.locator('.content').isVisible()).toBe(false);
    expect(await pieces.first().getAttribute('title')).toBe(
      'code 100 % · agreement 20 % · the experts disagreed',
    );
    expect(await pieces.first().getAttribute('class')).toBe('piece tone-0 unsure');
    expect(await pieces.last().getAttribute('class')).toContain('tone-1');
    expect(await page.locator('svg.plot polyline').count()).toBe(2);
    expect(await page.locator('svg.plot').getAttribute('aria-label')).toMatch(
      /code: \d+ % at first, \d % at last/,
    );

    await page.reload();
    await page.locator('.origins .piece').first().waitFor();
    expect(await page.locator('#origins').getAttribute('aria-pressed')).toBe('true');
    expect((await pieces.allTextContents()).join('')).toBe(ANSWER);
    expect(seen).toMatchObject({ requests: [], dialogs: [], errors: [] });
  });

  test('grows with the answer, and an expert is never told apart by colour alone', async () => {
    const { generate } = player(() => inWords(ANSWER), { linger: true });
    const chat = await chatWith({ generate });
    const { page } = chat;
    await ask(page.mainFrame(), 'one');
    await page.locator('#origins').click();
    await chat.settled();
    expect(await page.locator('.origins .piece').count()).toBe(inWords(ANSWER).length);
    const lines = await page
      .locator('.legend [data-expert]')
      .evaluateAll((items) => items.map((item) => getComputedStyle(item, '::before').borderBottomStyle));
    expect(new Set(lines).size).toBe(2);
    await page.locator('#stop').click();
    await finished(page.locator('article.answer'));
  });

  test('a piece is explained by click and by keyboard, and Escape goes back to it', async () => {
    const asked: ExplainRequest[] = [];
    const chat = await chatWith({
      async explain(request) {
        asked.push(request);
        return { kind: 'explained', explanation };
      },
    });
    const { page } = chat;
    await answered(chat, 'one');
    await page.locator('#origins').click();
    await page.locator('.piece').nth(3).click();
    const tables = page.locator('.explanation table');
    await tables.first().waitFor();
    expect(await tables.locator('caption').allTextContents()).toEqual([
      'together',
      'code · weight 50 %',
      'math · weight 50 %',
    ]);
    expect(await tables.nth(1).textContent()).toContain('byte E3 81');
    // What was written is there too where it was not among the likeliest.
    expect(await tables.nth(2).locator('tr.drawn').textContent()).toMatch(/·sum written\s*30 %/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await chat.settled();
    expect(asked.map(({ ids }) => ids.length)).toEqual([4, 5]);
    await page.locator('.explanation .close').focus();
    await page.keyboard.press('Escape');
    expect(await page.locator('.explanation').isVisible()).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.className)).toContain('piece');
  });
});

describe('a question asked anew', () => {
  test('replaces the last answer, and the one before can be brought back', async () => {
    const { generate, requests } = player((question, count) => [`${question} ${count}`]);
    const chat = await chatWith({ generate });
    const { page } = chat;
    await answered(chat, 'one', 'two');
    expect(await page.locator('.again:visible').count()).toBe(1);
    await page.locator('.again:visible').click();
    await page.locator('.content', { hasText: 'two 3' }).waitFor();
    await chat.settled();
    expect(requests.at(-1)?.sampling.temperature).toBeGreaterThan(0);
    expect(await page.locator('#cut').textContent()).toContain('One turn was put aside.');
    await page.locator('#cut button').click();
    await page.locator('.content', { hasText: 'two 2' }).waitFor();
    expect(await questionsOn(chat)).toEqual(['one', 'two']);
  });

  test('edited by keyboard alone, cuts what came after it', async () => {
    const chat = await chatWith({ generate: player((question) => [`About ${question}`]).generate });
    const { page } = chat;
    await answered(chat, 'one', 'two', 'three');
    await page.locator('.edit').nth(1).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.className)).toContain('edit');
    await page.keyboard.press('Enter');
    await page.keyboard.type(' and a half');
    await page.keyboard.press('Enter');
    await page.locator('.content', { hasText: 'About two and a half' }).waitFor();
    await chat.settled();
    expect(await questionsOn(chat)).toEqual(['one', 'two and a half']);
    expect(await page.locator('#cut').textContent()).toContain('2 turns were put aside.');
    await page.locator('#cut button').click();
    await page.locator('.content', { hasText: 'About three' }).waitFor();
    expect(await questionsOn(chat)).toEqual(['one', 'two', 'three']);
  });
});

test('a block of code goes where its buttons say, with its language', async () => {
  const done: [string, CodeBlock][] = [];
  const chat = await chatWith({
    actions: {
      copy: async (text) => void done.push(['copy', { text, language: '' }]),
      insert: async (text) => void done.push(['insert', { text, language: '' }]),
      propose: async (block) => void done.push(['propose', block]),
      create: async (block) => void done.push(['create', block]),
    },
  });
  await answered(chat, 'one');
  const names = ['copy', 'insert', 'propose', 'create'];
  for (const name of names) await chat.page.locator(`.code .${name}`).click();
  await chat.settled();
  expect(done.map(([name]) => name)).toEqual(names);
  const text = 'export const sum = (a: number, b: number): number => a + b;\n';
  expect(done.slice(2).map(([, block]) => block)).toEqual([
    { text, language: 'ts' },
    { text, language: 'ts' },
  ]);
});

test('a pasted picture is refused with a reason, and pasted text is taken', async () => {
  const chat = await chatWith();
  const { page, seen } = chat;
  const paste = (kind: 'file' | 'text'): Promise<boolean> =>
    page.locator('#question').evaluate((field, what) => {
      const clipboardData = new DataTransfer();
      if (what === 'file') clipboardData.items.add(new File(['x'], 'x.png', { type: 'image/png' }));
      else clipboardData.setData('text/plain', 'x');
      // True where nobody objected.
      return field.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
      );
    }, kind);
  expect(await paste('text')).toBe(true);
  expect(await page.locator('#refused').isVisible()).toBe(false);
  expect(await paste('file')).toBe(false);
  expect(await page.locator('#refused').textContent()).toMatch(/Pictures are not read/);
  expect(seen.requests).toEqual([]);
  await page.locator('#question').fill('never mind');
  expect(await page.locator('#refused').isVisible()).toBe(false);
});

describe('a mention', () => {
  const files = {
    'src/geometry.ts': 'export const area = 1;\n',
    'my notes.md': 'x\n'.repeat(900),
    '.env': 'A=1',
  };

  test('is completed by keyboard, shown with what it holds, and asked with its text', async () => {
    const { generate, requests } = player((question) => [question.length > 0 ? 'Yes.' : '']);
    const chat = await chatWith({ generate, files });
    const { page, seen } = chat;
    await page.locator('#question').focus();
    await page.keyboard.type('What is @');
    const options = page.locator('#mentions [role=option]');
    await options.first().waitFor();
    expect(await options.locator('.name').allTextContents()).toEqual([
      '@file:',
      '@selection',
      '@problems',
      '@terminal',
    ]);
    await page.keyboard.press('Enter');
    await page.keyboard.type('geo');
    await options.filter({ hasText: 'src/geometry.ts' }).waitFor();
    await page.locator('#mentions [role=option]:only-child').waitFor();
    expect(await page.locator('#question').getAttribute('aria-activedescendant')).toBe('mention-0');
    await page.keyboard.press('Tab');
    expect(await page.locator('#question').inputValue()).toBe('What is @file:src/geometry.ts ');
    const chips = page.locator('#attached .chip');
    // Of what was typed so far there may have been none.
    await expect.poll(() => chips.allTextContents()).toEqual(['src/geometry.ts 1 line, about 10 tokens']);
    await page.keyboard.press('Enter');
    await finished(page.locator('article.answer'));
    await chat.settled();
    const { prompt } = requests[0] ?? {};
    expect(prompt?.kind === 'messages' && prompt.messages.at(-1)?.content).toContain(
      'export const area = 1;',
    );
    expect(await page.locator('.question .chip').allTextContents()).toEqual([
      'src/geometry.ts 1 line, about 10 tokens',
    ]);
    expect(await page.locator('#attached').isVisible()).toBe(false);
    expect(seen).toMatchObject({ requests: [], dialogs: [], errors: [] });
  });

  test('that is too long or secret says so, Escape closes the list, and a secret file is not asked about', async () => {
    const { generate, requests } = player(() => ['Yes.']);
    const chat = await chatWith({ generate, files });
    const { page } = chat;
    await page.locator('#question').fill('Compare @file:"my notes.md" with @file:.env and @sel');
    await page.locator('#mentions [role=option]').first().waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('#mentions').isVisible()).toBe(false);
    await page.locator('.refused').waitFor();
    await chat.settled();
    await page.screenshot({ path: '.cache/editor/chat-mentions.png' });
    expect(await page.locator('.refused').textContent()).toContain('secret file');
    await page.locator('#send').click();
    await page.locator('.failure', { hasText: 'secret file' }).waitFor();
    expect(requests).toEqual([]);

    await page.locator('#question').fill('Shorten @file:"my notes.md"');
    await page.locator('#attached .chip .remark').waitFor();
    expect(await page.locator('#attached .chip').textContent()).toMatch(/first \d+ of 900 lines/);
  });
});

describe('axe finds nothing serious', () => {
  test.each(themes)(
    'in the theme %s: empty, answered, coloured, explained, edited, failed',
    async (theme) => {
      let failing = false;
      const played = player(() => inWords(ANSWER));
      const chat = await chatWith({
        theme,
        files: { 'a.ts': 'const a = 1;' },
        explain: async () => ({ kind: 'explained', explanation }),
        generate: async (request, options) =>
          failing
            ? { kind: 'failed', failure: { code: 'engine-exited', message: 'The engine ended.' } }
            : played.generate(request, options),
      });
      const { page } = chat;
      expect(await seriousOn(chat.page)).toEqual([]);
      await answered(chat, 'one');
      await page.screenshot({ path: `.cache/editor/chat-${theme}-answer.png` });
      expect(await seriousOn(chat.page)).toEqual([]);
      await page.locator('#origins').click();
      await page.locator('.piece').nth(3).click();
      await page.locator('.explanation table').first().waitFor();
      await page.screenshot({ path: `.cache/editor/chat-${theme}-origins.png` });
      expect(await seriousOn(chat.page)).toEqual([]);
      await page.locator('.edit').click();
      failing = true;
      await page.keyboard.press('Enter');
      await page.locator('.failure .retry').waitFor();
      await page.locator('.edit').click();
      await chat.settled();
      await page.screenshot({ path: `.cache/editor/chat-${theme}-failed.png` });
      expect(await seriousOn(chat.page)).toEqual([]);
      await page.locator('#question').fill('See @file:a.ts @file:.env @');
      await page.locator('#mentions [role=option]').first().waitFor();
      await page.locator('#attached .refused').waitFor();
      await page.screenshot({ path: `.cache/editor/chat-${theme}-mentions.png` });
      expect(await seriousOn(chat.page)).toEqual([]);
    },
  );

  test('while axe does see a field without a name and text without contrast', async () => {
    const chat = await chatWith();
    await chat.page.evaluate(() => {
      document.querySelector('#question')?.removeAttribute('aria-label');
      document.querySelector('#question')?.removeAttribute('placeholder');
      const faint = document.createElement('p');
      faint.textContent = 'faint';
      faint.style.color = '#333';
      document.querySelector('main')?.append(faint);
    });
    const found = await seriousOn(chat.page);
    expect(found.join()).toContain('label');
    expect(found.join()).toContain('color-contrast');
  });
});
