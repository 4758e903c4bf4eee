// A newcomer's first minute in a real VS Code: the offer, the fetch from a hub of the test's own, the conversion, and an answer by the
// model that was fetched, without a restart. The model is a pocket expert as a GGUF file, so that it needs no network.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { slowly, startHub } from '../fetch/fake-hub.ts';
import { modelsWith, SOURCE_FILE } from '../fetch/tiny-source.ts';
import { pocketGguf } from '../runtime/pocket-gguf.ts';
import { ask, finished, shares } from './chat.ts';
import { startWorkbench } from './workbench.ts';

const pictures = join('.cache', 'editor', 'first-start');

test('the model is offered once, fetched, converted and in use without a restart', async () => {
  const bytes = await pocketGguf();
  const hub = await startHub({ [SOURCE_FILE]: bytes }, (exchange) => slowly(exchange, 60, 100));
  const workbench = await startWorkbench({
    files: { 'geometry.ts': 'export const one = 1;\n' },
    settings: { 'chorus.models.offline': false, 'chorus.models.hub': hub.address },
    prepare: (extension) => {
      const models = join(extension, 'models');
      rmSync(models, { recursive: true });
      modelsWith(bytes, models);
    },
  });
  const { page } = workbench;
  const toast = page.locator('.notifications-toasts .notification-list-item');
  const take = async (name: string) => {
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  };
  try {
    await toast.filter({ hasText: 'A small model is 25 times as large' }).waitFor({ timeout: 60_000 });
    const [offer = ''] = await workbench.notifications();
    expect(offer).toContain('licence Apache-2.0');
    expect(offer).toContain(hub.address);
    expect(hub.asked).toEqual([]);
    await take('offer');

    await workbench.openExperts();
    await toast.locator('.monaco-button', { hasText: /^Fetch$/ }).click();
    await toast.filter({ hasText: /of \d+ MB/ }).waitFor({ timeout: 60_000 });
    await take('progress');
    await toast.filter({ hasText: 'A small model is there, and answers' }).waitFor({ timeout: 90_000 });
    await workbench.expert('base').filter({ hasText: 'ready' }).waitFor({ timeout: 60_000 });
    await take('ready');

    await workbench.runCommand('Chorus: Ask');
    const answer = await ask(await workbench.chatFrame(), 'What is 17 + 25?');
    await finished(answer);
    expect(await shares(answer)).toEqual(['tiny/base']);
    await take('answer');

    // A new window does not offer again.
    const { length } = hub.asked;
    await workbench.load();
    await workbench.openExperts();
    await workbench.expert('base').waitFor();
    expect(await workbench.notifications()).toEqual([]);
    expect(hub.asked).toHaveLength(length);
  } catch (error) {
    await workbench.keepEvidence('first-start');
    throw error;
  } finally {
    await workbench.dispose();
  }
}, 300_000);
