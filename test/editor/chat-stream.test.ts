// Hostile texts stream into the chat page, piece by piece: nothing runs, nothing is asked for, and nothing takes long.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newConversation } from '../../src/extension/chat-session.ts';
import { HOSTILE, LONG } from '../media/hostile.ts';
import { type OpenChat, openChat, type Seen, startBrowser } from './chat-harness.ts';
import { player } from './chat-player.ts';

/** In milliseconds: what holds the page up for longer is felt. */
const LONGEST = 50;

/**
 * The same for texts as long as an answer can be, of the processor's time for all the tasks that one piece costs: for 40,000 characters
 * without a break, and for 1,200 blocks, it was 60 to 80 ms on two cores under a load of 18.
 */
const LONGEST_AT_LENGTH = 100;

/** Pieces of a long text. */
const PIECES = 80;

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser?.close());

interface Streamed extends Seen {
  /** Elements and attributes that act or load by being there, each once. */
  readonly active: readonly string[];
  /** How often the page drew. */
  readonly drawings: number;
  /** The longest task while each text streamed, in milliseconds, of those over 50. */
  readonly slow: ReadonlyMap<number, number>;
  /** Of each text, where it was measured stepwise: the processor's time for each message, in milliseconds. */
  readonly works: readonly (readonly number[])[];
}

interface Showing {
  /** Shows who said what, not Markdown. */
  readonly origins?: boolean;
  readonly stepwise?: boolean;
  /** The page takes long for each message with this word. */
  readonly heavy?: string;
}

/** Puts a question for each text, which is its answer; the page draws, and is looked at, after every piece. */
async function streamed(
  texts: readonly (readonly string[])[],
  { origins = false, stepwise = false, heavy }: Showing = {},
): Promise<Streamed> {
  let chat: OpenChat | undefined;
  const { generate } = player((question) => texts[Number(question)] ?? ['Ready.'], {
    ready: async () => chat?.followed(),
  });
  chat = await openChat(browser, { generate, eager: true, stepwise });
  const { page, session, seen } = chat;
  try {
    // What runs once when the page begins is not the stream's.
    await session.ask('first');
    await chat.settled();
    if (origins) await page.locator('#origins').click();
    await page.evaluate(() => {
      const tags =
        /^(script|img|iframe|object|embed|style|link|meta|base|form|video|audio|image|use|template)$/i;
      const names = /^(on.*|href|src|srcset|action|formaction|xlink:href|srcdoc|id|name|ping|background)$/i;
      const found = new Set<string>();
      const look = (part: Element): void => {
        if (tags.test(part.tagName)) found.add(part.tagName);
        for (const { name } of part.attributes) if (names.test(name)) found.add(name);
      };
      new MutationObserver((records) => {
        for (const { addedNodes } of records) {
          for (const node of addedNodes) {
            if (!(node instanceof Element)) continue;
            look(node);
            for (const part of node.querySelectorAll('*')) look(part);
          }
        }
      }).observe(document.querySelector('main') as Element, { subtree: true, childList: true });
      Object.assign(window, { looked: () => [...found], drawings: 0 });
    });
    if (heavy !== undefined) await takeLongFor(chat, heavy);
    seen.longTasks.splice(0);
    const slow = new Map<number, number>();
    const works: number[][] = [];
    for (const index of texts.keys()) {
      seen.work.splice(0);
      await session.ask(String(index));
      await chat.drawn();
      const longest = Math.max(0, ...seen.longTasks.splice(0));
      if (longest > LONGEST) slow.set(index, longest);
      works.push(seen.work.splice(0));
      if (index % 10 === 9) await session.open(newConversation());
    }
    await chat.settled();
    const { active, drawings } = await page.evaluate(() => {
      const { looked, drawings } = window as unknown as { looked(): string[]; drawings: number };
      return { active: looked(), drawings };
    });
    return { ...seen, active, drawings, slow, works };
  } finally {
    await chat.close();
  }
}

/** Twice `LONGEST`, of the processor's time: a gap between two looks at the clock belongs to another process. */
async function takeLongFor({ page }: OpenChat, word: string): Promise<void> {
  await page.evaluate(
    ([word, time]) => {
      window.addEventListener('message', ({ data }) => {
        if (!JSON.stringify(data).includes(word)) return;
        let last = performance.now();
        for (let spent = 0; spent < time; ) {
          const now = performance.now();
          if (now - last < 1) spent += now - last;
          last = now;
        }
      });
    },
    [word, 2 * LONGEST] as const,
  );
}

/** How often a text is shown, and then measured, before it is called slow. */
const ATTEMPTS = 3;

/**
 * Of the texts that took long by the clock those that take long whenever they are shown, by the processor's time too, with the least of
 * these times: on a busy machine any task takes long by the clock, and now and then one by the processor's time.
 */
async function alwaysSlow(
  texts: readonly (readonly string[])[],
  first: ReadonlyMap<number, number>,
  { longest = LONGEST, ...showing }: Omit<Showing, 'stepwise'> & { readonly longest?: number },
): Promise<[string, number][]> {
  let long = [...first.keys()].map((index) => texts[index] ?? []);
  // Pieces that are measured are waited for one by one, so few texts should come so far.
  for (let i = 1; i < ATTEMPTS && long.length > 0; i++) {
    const { slow } = await streamed(long, showing);
    long = long.filter((_, place) => slow.has(place));
  }
  let measured = long.map((pieces) => ({ pieces, least: Infinity }));
  for (let i = 0; i < ATTEMPTS && measured.length > 0; i++) {
    const { works } = await streamed(
      measured.map(({ pieces }) => pieces),
      { ...showing, stepwise: true },
    );
    measured = measured
      .map(({ pieces, least }, place) => ({ pieces, least: Math.min(least, longestOf(works[place])) }))
      .filter(({ least }) => least > longest);
  }
  return measured.map(({ pieces, least }) => [pieces.join('').slice(0, 40), Math.round(least)]);
}

/** Of the times of a text that was measured. */
function longestOf(work: readonly number[] = []): number {
  if (work.length === 0 || work.some(Number.isNaN)) throw new Error('The time was not measured.');
  return Math.max(...work);
}

const inCharacters = (text: string): string[] => [...text];

function inPieces(text: string): string[] {
  const size = Math.ceil(text.length / PIECES);
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );
}

const harmless = { requests: [], dialogs: [], errors: [], active: [] };

describe.each([
  ['as Markdown', false],
  ['as who said what', true],
])('hostile texts shown %s do nothing and take no time', (_, origins) => {
  test('short ones, cut at every place', async () => {
    // As plain text there is less to go wrong: every fourth.
    const texts = HOSTILE.filter((_, index) => !origins || index % 4 === 0).map(inCharacters);
    const all = await streamed(texts, { origins });
    expect(all).toMatchObject(harmless);
    // Each piece was drawn by itself.
    expect(all.drawings).toBeGreaterThanOrEqual(texts.reduce((sum, pieces) => sum + pieces.length, 0));
    expect(await alwaysSlow(texts, all.slow, { origins })).toEqual([]);
  }, 300_000);

  test('and long ones', async () => {
    const texts = LONG.map(inPieces);
    const all = await streamed(texts, { origins });
    expect(all).toMatchObject(harmless);
    expect(await alwaysSlow(texts, all.slow, { origins, longest: LONGEST_AT_LENGTH })).toEqual([]);
  }, 300_000);
});

test('while a page that did run, load, or take long would be noticed', async () => {
  const { generate } = player(() => ['Ready.']);
  const chat = await openChat(browser, { generate });
  await chat.settled();
  chat.seen.longTasks.splice(0);
  await chat.page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<img src="http://a.example/x.png" onerror="alert(1)">');
    setTimeout(() => {
      const end = performance.now() + 120;
      while (performance.now() < end);
    });
  });
  await chat.page.waitForTimeout(200);
  await chat.settled();
  // The policy stops the picture and the handler; both are said.
  expect(chat.seen.errors.join()).toMatch(/img-src|default-src/);
  expect(chat.seen.errors.join()).toMatch(/script-src/);
  expect(Math.max(0, ...chat.seen.longTasks)).toBeGreaterThan(LONGEST);
  await chat.page.evaluate(() => alert('heard'));
  expect(chat.seen.dialogs).toEqual(['heard']);
  await chat.close();
});

test('and so would a text that takes long whenever it is drawn, and no other', async () => {
  const texts = [
    ['One', ' two', ' three.'],
    ['Heavy', ' four', ' five.'],
  ];
  const showing = { heavy: 'Heavy' };
  const { slow } = await streamed(texts, showing);
  // As if both had taken long by the clock.
  const both = new Map([[0, LONGEST + 1], ...slow]);
  expect(await alwaysSlow(texts, both, showing)).toEqual([['Heavy four five.', expect.any(Number)]]);
});
