// The statistics in a real editor: a suggestion that is taken with Tab is counted, kept, and there again in a new window.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorkbench, type Workbench } from './workbench.ts';

let workbench: Workbench;

beforeAll(async () => {
  const text = 'export function add(a: number, b: number): number {\n  return a + b;\n}\n';
  workbench = await startWorkbench({ files: { 'add.ts': text } });
});

afterAll(async () => {
  await workbench?.dispose();
});

/** The numbers on top of the page, by what they are called. */
async function figures(page: Frame): Promise<Record<string, string>> {
  const entries = await page
    .locator('#figures > div')
    .evaluateAll((all) =>
      all.map((one) => [one.querySelector('dt')?.textContent, one.querySelector('.value')?.textContent]),
    );
  return Object.fromEntries(entries);
}

async function shownStatistics(): Promise<Frame> {
  await workbench.runCommand('Chorus: Show Statistics');
  return await workbench.pageWith('#figures .value');
}

test('what is shown and taken is counted, kept as counts alone, and there again in a new window', async () => {
  await workbench.openFile('add.ts');
  await workbench.typeText('\nexport function subtract(a: number, b: number): number {\n  return ');
  const suggested = await workbench.waitForGhostText();
  await workbench.acceptWithTab();
  const page = await shownStatistics();
  await expect.poll(() => figures(page)).toMatchObject({ 'Times taken': '1' });
  expect(Number((await figures(page))['Suggestions shown'])).toBeGreaterThanOrEqual(1);

  const kept = join(workbench.workspace, '../home/data/User/globalStorage/chorus-mod.chorus/statistics.json');
  await expect
    .poll(() => existsSync(kept) && readFileSync(kept, 'utf8'), { timeout: 60_000, interval: 500 })
    .toContain('"whole":1');
  // The place was followed to its end, and what stood there was still the same.
  await expect
    .poll(() => readFileSync(kept, 'utf8'), { timeout: 90_000, interval: 500 })
    .toContain('"alike30":1');
  expect(readFileSync(kept, 'utf8')).not.toContain(suggested.trim());
  expect(readFileSync(kept, 'utf8')).not.toContain('add.ts');

  await workbench.load();
  expect(await figures(await shownStatistics())).toMatchObject({
    'Times taken': '1',
    'Still there after 30 s': '100 %',
  });
}, 240_000);
