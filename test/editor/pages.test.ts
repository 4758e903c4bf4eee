// The statistics page and the mix page by themselves in Chromium: what they say, by keyboard, and to axe in four kinds of theme.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { speak } from '../../src/extension/language.ts';
import { mixPage } from '../../src/extension/mix-page.ts';
import { servePages } from '../../src/extension/pages.ts';
import { statisticsPage } from '../../src/extension/statistics-page.ts';
import type { MixCalls, MixEvents, MixState } from '../../src/protocol/mix.ts';
import type { StatisticsCalls, StatisticsEvents, StatisticsState } from '../../src/protocol/statistics.ts';
import { startBrowser } from './chat-harness.ts';
import { sampleState } from './statistics-sample.ts';
import { type Theme, themes } from './themes.ts';
import { openPage, seriousOn } from './webview.ts';

let browser: Browser;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  browser = await startBrowser();
});

afterEach(async () => {
  for (const page of open.splice(0)) await page.close();
});

afterAll(() => browser?.close());

function noted<T>(called: T[], what: T) {
  called.push(what);
  return { kind: 'ok' } as const;
}

async function statistics(state: StatisticsState, theme: Theme = 'dark', width = 900) {
  const called: string[] = [];
  let tell: (state: StatisticsState) => void = () => {};
  const opened = await openPage(browser, {
    name: 'statistics',
    html: statisticsPage,
    background: '--vscode-editor-background',
    theme,
    width,
    serve: (host) =>
      servePages<StatisticsCalls, StatisticsEvents>(
        host,
        {
          ready: () => state,
          save: () => noted(called, 'save'),
          reset: () => noted(called, 'reset'),
        },
        (page) => {
          tell = (now) => page.tell('state', now);
        },
      ),
  });
  open.push(opened);
  return { ...opened, called, tell: (now: StatisticsState) => tell(now) };
}

const mixState: MixState = {
  experts: [
    {
      id: 'tiny/base',
      name: 'base',
      weights: { both: 1, completion: 1, chat: 1 },
      state: 'ready',
      memoryBytes: 3e8,
    },
    {
      id: 'tiny/code',
      name: 'code',
      weights: { both: 1, completion: 2, chat: 1 },
      state: 'ready',
      memoryBytes: 2e7,
    },
    {
      id: 'tiny/math',
      name: 'math',
      weights: { both: 1, completion: 0, chat: 1 },
      state: 'ready',
      memoryBytes: 2e7,
    },
  ],
  fixed: { both: false, completion: false, chat: false },
  own: ['completion'],
  memory: { free: 4e9 },
};

async function mix(theme: Theme = 'dark') {
  const called: unknown[] = [];
  const opened = await openPage(browser, {
    name: 'mix',
    html: mixPage,
    background: '--vscode-sideBar-background',
    theme,
    width: 320,
    serve: (host) =>
      servePages<MixCalls, MixEvents>(
        host,
        {
          ready: () => mixState,
          weigh: (params) => noted(called, ['weigh', params]),
          same: (params) => noted(called, ['same', params]),
          run: (params) => noted(called, ['run', params]),
          attempt(params) {
            called.push(['attempt', params]);
            const shares = { 'tiny/base': 0.5, 'tiny/code': 0.3, 'tiny/math': 0.2 };
            return { kind: 'done', text: 'an answer', tokens: 2, unit: 'token', shares };
          },
        },
        () => {},
      ),
  });
  await opened.page.locator('.weight').first().waitFor();
  open.push(opened);
  return { ...opened, called };
}

/** What has the keyboard, step by step, as Tab goes. */
async function tabStops(page: Page, count: number): Promise<string[]> {
  const stops: string[] = [];
  for (let i = 0; i < count; i++) {
    await page.keyboard.press('Tab');
    stops.push(
      await page.evaluate(() => {
        const at = document.activeElement;
        return at?.id || at?.getAttribute('aria-label') || at?.textContent?.trim() || at?.tagName || '';
      }),
    );
  }
  return stops;
}

describe('the statistics page', () => {
  test('shows figures, plots and the same as tables, for the days that are chosen', async () => {
    const { page, seen } = await statistics(sampleState());
    await page.locator('#figures .value').first().waitFor();
    expect(await page.locator('main').textContent()).toContain('Nothing of it leaves the machine.');
    const values = (): Promise<string[]> => page.locator('#figures .value').allTextContents();
    const [shown, share] = await values();
    expect(Number(shown?.replaceAll(',', ''))).toBeGreaterThan(1000);
    expect(share).toMatch(/^2\d %$/);
    expect(await page.locator('svg[role=img]').count()).toBe(3);
    expect(await page.locator('svg').first().getAttribute('aria-label')).toMatch(
      /^Suggestions a day, 2026-10-29 to 2026-11-27; shown: from 0 to \d+; taken: from 0 to \d+\./,
    );
    const groups = page.locator('.scroll:not(details .scroll) tbody tr');
    expect(await groups.locator('th').allTextContents()).toEqual([
      'typescript',
      'python',
      'latex',
      'tiny/base + tiny/code',
      'tiny/base + tiny/code + tiny/math',
    ]);
    await page.locator('summary').click();
    expect(await page.locator('details tbody tr').count()).toBe(30);
    await page.locator('#days').selectOption('7');
    expect(await page.locator('details tbody tr').count()).toBe(7);
    expect((await values())[0]).not.toBe(shown);
    expect(await page.locator('details').getAttribute('open')).not.toBeNull();
    expect(seen).toEqual({ requests: [], dialogs: [], errors: [] });
  });

  test('follows what is counted meanwhile, and says so where there is nothing', async () => {
    const { page, tell } = await statistics({ rows: [], today: '2026-11-27' });
    await page.locator('#nothing').waitFor();
    expect(await page.locator('#content').isVisible()).toBe(false);
    tell(sampleState());
    await page.locator('#content').waitFor();
    expect(await page.locator('#nothing').isVisible()).toBe(false);
  });

  test('is used by keyboard alone', async () => {
    const { page, called, tell } = await statistics(sampleState());
    await page.locator('#figures .value').first().waitFor();
    expect(await tabStops(page, 6)).toEqual([
      'days',
      'save',
      'reset',
      'By language',
      'By the experts that took part',
      'Every day as a table',
    ]);
    await page.keyboard.press('Enter');
    expect(await page.locator('details').getAttribute('open')).not.toBeNull();
    // The keyboard stays where it is when the counts change.
    tell(sampleState(29));
    await page.locator('details tbody tr').nth(28).waitFor();
    await page.waitForFunction(() => document.querySelectorAll('details tbody tr').length === 29);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY');
    await page.locator('#save').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await expect.poll(() => called).toEqual(['save', 'reset']);
  });
});

describe('the mix page', () => {
  test('is used by keyboard alone', async () => {
    const { page, called, seen } = await mix();
    expect(await tabStops(page, 4)).toEqual([
      'tab-both',
      'Weight of base',
      'Weight of code',
      'Weight of math',
    ]);
    await page.keyboard.press('ArrowLeft');
    await expect
      .poll(() => called)
      .toEqual([['weigh', { tab: 'both', id: 'tiny/math', weight: expect.any(Number) }]]);
    await page.getByRole('tab', { name: 'Everywhere' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('tab', { name: 'Suggestions' }).getAttribute('aria-selected')).toBe('true');
    expect(await page.locator('input[type=range]').nth(2).getAttribute('aria-valuetext')).toBe(
      '0, 0 % of the mix',
    );
    await page.locator('#same').focus();
    await page.keyboard.press('Enter');
    await page.locator('#text').focus();
    await page.keyboard.type('One');
    await page.keyboard.press('Enter');
    await page.locator('#legend', { hasText: 'base 50 %' }).waitFor();
    expect(called.slice(1)).toEqual([
      ['same', { surface: 'completion' }],
      ['attempt', { tab: 'completion', text: 'One' }],
    ]);
    expect(seen).toEqual({ requests: [], dialogs: [], errors: [] });
  });
});

describe('axe finds nothing serious', () => {
  test.each(themes)('on the statistics page in the theme %s', async (theme) => {
    const { page } = await statistics(sampleState(), theme);
    await page.locator('#figures .value').first().waitFor();
    await page.locator('summary').click();
    await page.screenshot({ path: `.cache/editor/statistics-${theme}.png`, fullPage: true });
    expect(await seriousOn(page)).toEqual([]);
    const narrow = await statistics(sampleState(), theme, 320);
    await narrow.page.locator('#figures .value').first().waitFor();
    expect(await seriousOn(narrow.page)).toEqual([]);
    const empty = await statistics({ rows: [], today: '2026-11-27' }, theme);
    await empty.page.locator('#nothing').waitFor();
    expect(await seriousOn(empty.page)).toEqual([]);
  });

  test.each(themes)('on the mix page in the theme %s', async (theme) => {
    const { page } = await mix(theme);
    expect(await seriousOn(page)).toEqual([]);
    await page.getByRole('tab', { name: 'Suggestions' }).click();
    await page.locator('#text').fill('One');
    await page.locator('#go').click();
    await page.locator('#legend', { hasText: '50 %' }).waitFor();
    await page.screenshot({ path: `.cache/editor/mix-${theme}.png` });
    expect(await seriousOn(page)).toEqual([]);
  });

  test('while axe does see a slider without a name and text without contrast', async () => {
    const { page } = await mix();
    await page.evaluate(() => {
      const bare = document.createElement('input');
      bare.type = 'range';
      const faint = Object.assign(document.createElement('p'), { textContent: 'faint' });
      faint.style.color = '#333';
      document.body.append(bare, faint);
    });
    const found = (await seriousOn(page)).join();
    expect(found).toContain('label');
    expect(found).toContain('color-contrast');
  });
});

describe('in Japanese', () => {
  const words = JSON.parse(readFileSync(join('l10n', 'bundle.l10n.ja.json'), 'utf8'));
  const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;

  /** What the page says, without numbers, names of experts and what is named alike in both languages. */
  async function englishOn(page: Page): Promise<string[]> {
    const said = await page.evaluate(() => {
      const texts = [...document.querySelectorAll('body *')].flatMap((element) => [
        element.getAttribute('aria-label') ?? '',
        ...[...element.childNodes].flatMap(({ nodeType, textContent }) =>
          nodeType === 3 ? [textContent ?? ''] : [],
        ),
      ]);
      return texts.map((text) => text.trim()).filter((text) => /[A-Za-z]{3}/.test(text));
    });
    const named = /^(?:base|code|math|tiny\/\w+|typescript|python|markdown|latex|other)(?: \+ .*)?$/;
    return said.filter((text) => !japanese.test(text) && !named.test(text));
  }

  beforeAll(() => {
    mkdirSync(join('.cache', 'editor'), { recursive: true });
    speak('ja', words);
  });
  afterAll(() => speak('en', undefined));

  test('the statistics page has no English left, and nothing serious for axe', async () => {
    const { page } = await statistics(sampleState());
    await page.locator('#figures dt').first().waitFor();
    expect(await page.locator('h1').textContent()).toBe('統計');
    expect(await englishOn(page)).toEqual([]);
    expect(await seriousOn(page)).toEqual([]);
    await page.screenshot({ path: join('.cache', 'editor', 'statistics-ja.png') });
  });

  test('neither has the mix page', async () => {
    const { page } = await mix();
    await page.locator('#sliders .weight').first().waitFor();
    expect(await page.locator('#note').textContent()).toContain('入力候補には個別の重みが設定されています。');
    expect(await englishOn(page)).toEqual([]);
    expect(await seriousOn(page)).toEqual([]);
    await page.screenshot({ path: join('.cache', 'editor', 'mix-ja.png') });
  });
});
