// The main job in a real VS Code: ghost text, chat, experts that come and go, an engine that is killed, and what was counted meanwhile.
// The tests share one window and follow each other as one user's session.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ask, finished, shares, textOf, textsShown } from './chat.ts';
import { startWorkbench, type Workbench } from './workbench.ts';

const geometry = `export interface Point {
  x: number;
  y: number;
}

export function add(a: Point, b: Point): Point {
  return { x: a.x + b.x, y: a.y + b.y };
}

`;

let workbench: Workbench;
/** The first line of the suggestion that was taken. */
let taken = '';

beforeAll(async () => {
  workbench = await startWorkbench({ files: { 'geometry.ts': geometry } });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.keepEvidence(task.name);
});

afterAll(() => workbench?.dispose());

test('the extension activates without loading anything heavy, and starts no engine before it is used', async () => {
  await workbench.runCommand('Developer: Show Running Extensions');
  const time = await workbench.activationTime();
  console.log(`Activation: ${time} ms`);
  // Wall time, while the editor starts everything else: 40 to 80 ms on an idle machine, 160 to 200 on a busy one.
  expect(time).toBeLessThan(1000);
  expect(workbench.engineProcesses()).toEqual([]);
});

test('typing in a TypeScript file shows ghost text, and Tab accepts it', async () => {
  await workbench.openFile('geometry.ts');
  await workbench.typeText('export function subtract(a: Point, b: Point): Point {\n');
  const before = await workbench.editorText('geometry.ts');
  const suggestion = await workbench.waitForGhostText();
  expect(suggestion.trim()).not.toBe('');
  await workbench.acceptWithTab();
  const after = await workbench.editorText('geometry.ts');
  expect(after).not.toBe(before);
  const [line = ''] = suggestion.split('\n');
  // The line is indented already, and a suggestion that indented it again would turn Tab into an indent.
  expect(after).toContain(`Point {\n  ${line}`);
  expect(line).toBe(line.trimStart());
  taken = line.trim();
  expect(workbench.engineProcesses()).toHaveLength(1);
  expect(await workbench.notifications()).toEqual([]);
});

test('the chat streams an answer with its formula rendered and the share of every expert', async () => {
  await workbench.openExperts();
  await workbench.runCommand('Chorus: Ask');
  const chat = await workbench.chatFrame();
  // An answer that came at once would show one text; a streamed one grows. A short one may fit one frame of the screen.
  let texts: string[] = [];
  for (let attempt = 0; attempt < 3 && texts.length < 2; attempt += 1) {
    texts = await textsShown(chat, async () => finished(await ask(chat, 'What is 17 + 25?')));
  }
  expect(texts.length).toBeGreaterThan(1);
  const answer = chat.locator('article.answer').last();
  expect(await answer.locator('.content .katex').count()).toBeGreaterThan(0);
  expect(await shares(answer)).toContain('pocket/math');
});

test('an expert that is unticked has no share in the next answer', async () => {
  await workbench.toggleExpert('math');
  const answer = await ask(await workbench.chatFrame(), 'What is 17 + 25?');
  await finished(answer);
  const names = await shares(answer);
  expect(names).not.toContain('pocket/math');
  expect(names.length).toBeGreaterThan(0);
  await workbench.toggleExpert('math');
});

test('when the engine is killed while it streams, one message says so and the next question is answered', async () => {
  const chat = await workbench.chatFrame();
  const killed = await killWhileStreaming();
  await expect(finished(killed)).rejects.toThrow('The answer failed');
  const messages = [
    ...(await chat.locator('[role=alert]').allInnerTexts()),
    ...(await workbench.notifications()),
  ];
  expect(messages).toHaveLength(1);
  expect(messages[0]).toMatch(/engine/i);

  const next = await ask(chat, 'What is 17 + 25?');
  await finished(next);
  expect(await textOf(next)).not.toBe('');
  expect(workbench.engineProcesses()).toHaveLength(1);
});

/** Asks until the engine could be killed in the middle of an answer: a short answer may end before the signal. */
async function killWhileStreaming() {
  const chat = await workbench.chatFrame();
  const [engine] = workbench.engineProcesses();
  if (engine === undefined) throw new Error('No engine is running.');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const answer = await ask(chat, 'Write a long function that sorts a list of numbers, with comments.');
    process.kill(engine, 'SIGSTOP');
    // What the engine had sent before it stopped arrives within this time.
    await workbench.page.waitForTimeout(300);
    if ((await answer.getAttribute('data-state')) === 'streaming') {
      process.kill(engine, 'SIGKILL');
      return answer;
    }
    process.kill(engine, 'SIGCONT');
    await finished(answer);
  }
  throw new Error('Every answer ended before the engine could be killed.');
}

// Last, because the file is to stand for 30 seconds after the suggestion was taken.
test('the suggestion that was taken is counted, kept as counts alone, and there again in a new window', async () => {
  const page = await shownStatistics();
  await expect.poll(() => figures(page)).toMatchObject({ 'Times taken': '1' });
  expect(Number((await figures(page))['Suggestions shown'])).toBeGreaterThanOrEqual(1);

  const file = join(workbench.workspace, '../home/data/User/globalStorage/chorus-mod.chorus/statistics.json');
  const kept = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  await expect.poll(kept, { timeout: 60_000, interval: 500 }).toContain('"whole":1');
  // The place was followed to its end, and what stood there was still the same.
  await expect
    .poll(() => figures(page), { timeout: 60_000, interval: 500 })
    .toMatchObject({ 'Still there after 30 s': '100 %' });

  // What was counted a moment ago is kept at the end of the window.
  await workbench.load();
  const anew = await shownStatistics();
  await expect
    .poll(() => figures(anew))
    .toMatchObject({ 'Times taken': '1', 'Still there after 30 s': '100 %' });
  expect(kept()).toContain('"alike30":1');
  expect(taken).not.toBe('');
  expect(kept()).not.toContain(taken);
  expect(kept()).not.toContain('geometry');
}, 240_000);

async function shownStatistics(): Promise<Frame> {
  await workbench.runCommand('Chorus: Show Statistics');
  return await workbench.pageWith('#figures .value');
}

/** The numbers on top of the statistics page, by what they are called. */
async function figures(page: Frame): Promise<Record<string, string>> {
  const entries = await page
    .locator('#figures > div')
    .evaluateAll((all) =>
      all.map((one) => [one.querySelector('dt')?.textContent, one.querySelector('.value')?.textContent]),
    );
  return Object.fromEntries(entries);
}
