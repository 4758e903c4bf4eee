// `npm start` as a new user runs it, without a desktop VS Code: the address that it prints opens an editor with Chorus in it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { provided } from './provided.ts';
import { STATUS_ITEM } from './workbench.ts';

const cache = mkdtempSync(join(tmpdir(), 'chorus-start-'));
let started: ChildProcess | undefined;
let browser: Browser | undefined;

afterEach(async () => {
  await browser?.close();
  if (started !== undefined) await end(started);
  // What the server started ends a little after it, and writes until then.
  rmSync(cache, { recursive: true, force: true, maxRetries: 15, retryDelay: 200 });
});

test('npm start prints the address of an editor with Chorus in it, and Ctrl+C ends it', async () => {
  const { chromium: executablePath, codeServer } = provided();
  // A user's caches but for the installed editor, which takes minutes to install.
  const installed = editorFolder(codeServer.script);
  mkdirSync(cache, { recursive: true });
  symlinkSync(installed, join(cache, basename(installed)), 'junction');
  const withoutDesktop = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !['code', 'code.cmd'].some((name) => existsSync(join(folder, name))));

  const child = spawn(process.execPath, [join('scripts', 'start.mjs'), '--offline'], {
    env: { ...process.env, CHORUS_CACHE: cache, PATH: withoutDesktop.join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it installs or builds with can be ended too.
    detached: process.platform !== 'win32',
  });
  started = child;
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const address = () => /VS Code with Chorus is at {2}(http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
  await expect
    .poll(() => address() ?? child.exitCode ?? output, { timeout: 150_000, interval: 500 })
    .toMatch(/^http:/);

  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(address() ?? '');
  await page.locator(STATUS_ITEM).waitFor({ timeout: 90_000 });

  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  await expect(fetch(address() ?? '')).rejects.toThrow();
}, 300_000);

/** Ends it, unless it has ended, and what it started that is still there. */
async function end(child: ChildProcess): Promise<void> {
  const isOver = child.exitCode !== null || child.signalCode !== null;
  const closed = isOver ? undefined : once(child, 'close');
  killGroup(child, 'SIGTERM');
  const patience = setTimeout(() => killGroup(child, 'SIGKILL'), 10_000);
  await closed;
  clearTimeout(patience);
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (process.platform === 'win32' || child.pid === undefined) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

/** The folder of the cache that holds the installed editor. */
function editorFolder(script: string): string {
  const above = dirname(script);
  if (above === script) throw new Error('The installed editor is in no folder of its own.');
  return basename(script).startsWith('code-server-') ? script : editorFolder(above);
}
