// A mix of the catalogue in a real VS Code: what it needs is said and fetched on agreement, paused and gone on with, from a hub that wants
// the token that the editor keeps; and the list of connections. The models are a pocket expert as GGUF files, so that no network is needed.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { slowly, startHub } from '../fetch/fake-hub.ts';
import { modelsWith } from '../fetch/tiny-source.ts';
import { hubModel } from '../fetch/toy.ts';
import { pocketGguf } from '../runtime/pocket-gguf.ts';
import { startWorkbench } from './workbench.ts';

const pictures = join('.cache', 'editor', 'ready-mix-steps');
const token = 'hf_secret_of_a_test';

test('a ready mix is fetched whole, paused, gone on with, and in force; the ledger shows each connection', async () => {
  const bytes = await pocketGguf();
  const files = { 'coder.gguf': bytes, 'instruct.gguf': bytes };
  const hub = await startHub(files, (exchange) =>
    exchange.request.headers.authorization === `Bearer ${token}`
      ? slowly(exchange, 40, 60)
      : exchange.response.writeHead(401).end('no'),
  );
  const model = (file: keyof typeof files, id: string, name: string) => ({
    ...hubModel({ [file]: bytes }),
    id,
    name,
  });
  const workbench = await startWorkbench({
    files: { 'geometry.ts': 'export const one = 1;\n' },
    settings: { 'chorus.models.offline': false, 'chorus.models.hub': hub.address },
    prepare: (extension) => {
      const models = join(extension, 'models');
      rmSync(models, { recursive: true });
      modelsWith(bytes, models);
      // The two models of the mix Small, without the base of Tiny, which would be offered.
      const coder = model('coder.gguf', 'qwen2.5-coder-0.5b-instruct', 'Small coder');
      const instruct = model('instruct.gguf', 'qwen2.5-0.5b-instruct', 'Small assistant');
      writeFileSync(join(models, 'catalog.json'), JSON.stringify({ models: [coder, instruct], mixes: [] }));
    },
  });
  const { page } = workbench;
  const widget = page.locator('.quick-input-widget');
  const toast = page.locator('.notifications-toasts .notification-list-item');
  const take = async (name: string) => {
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  };
  const choose = async () => {
    await workbench.runCommand('Chorus: Choose Mix');
    const row = widget.locator('.monaco-list-row', { hasText: 'Small (Qwen2.5 0.5B)' }).first();
    await row.filter({ hasText: 'to be fetched: ' }).waitFor();
    await take('mixes');
    await row.click();
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    await take('question');
    expect(await dialog.textContent()).toMatch(/Small coder.*Licence: Apache-2\.0.*Small assistant/s);
    await dialog.locator('.monaco-button', { hasText: /^Fetch \(/ }).click();
  };
  try {
    await workbench.openExperts();
    // Without the token the hub gives nothing, and the sentence says what to do.
    await choose();
    await toast
      .filter({ hasText: 'The experts that are there go on answering' })
      .waitFor({ timeout: 60_000 });
    await take('limited');
    await workbench.runCommand('Notifications: Clear All Notifications');
    expect(hub.asked.every(({ authorization }) => authorization === undefined)).toBe(true);

    await workbench.runCommand('Chorus: Set Hub Token...');
    await widget.locator('input[type=password]').fill(token);
    await page.keyboard.press('Enter');
    await toast.filter({ hasText: 'The token is kept' }).waitFor();
    await workbench.runCommand('Notifications: Clear All Notifications');

    await choose();
    await toast.filter({ hasText: /Small coder: .* of \d+ MB/ }).waitFor({ timeout: 60_000 });
    await take('progress');
    await workbench.runCommand('Chorus: Pause Fetch');
    await toast.filter({ hasText: /is paused at \d+ %/ }).waitFor({ timeout: 30_000 });
    await take('paused');
    await workbench.runCommand('Chorus: Fetch a Model...');
    await widget
      .locator('.monaco-list-row', { hasText: /Continue fetching Small coder \(\d+ %\)/ })
      .first()
      .waitFor();
    await take('continue');
    await page.keyboard.press('Escape');
    await toast
      .locator('.monaco-button', { hasText: /^Continue$/ })
      .first()
      .click();
    await workbench
      .expert('qwen2.5-coder-0.5b-instruct')
      .filter({ hasText: 'ready' })
      .waitFor({ timeout: 120_000 });
    await workbench.expert('qwen2.5-0.5b-instruct').filter({ hasText: 'ready' }).waitFor({ timeout: 60_000 });
    await take('ready');
    // It went on, it did not begin anew.
    expect(hub.asked.some(({ range }) => range !== undefined)).toBe(true);

    await workbench.runCommand('Chorus: Show Network Ledger');
    const lines = page.locator('.editor-instance .view-lines');
    await lines.filter({ hasText: 'coder.gguf' }).first().waitFor();
    await take('ledger');
    const shown = (await lines.first().textContent()) ?? '';
    expect(shown.replaceAll('\u00a0', ' ')).toContain('Offline is off');
    expect(shown).not.toContain(token);
    expect(workbench.log.join('\n')).not.toContain(token);
  } catch (error) {
    await workbench.keepEvidence('ready-mix');
    throw error;
  } finally {
    await workbench.dispose();
  }
}, 400_000);
