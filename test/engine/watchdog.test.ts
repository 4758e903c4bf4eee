import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programs } from '../programs.ts';

/** A parent that starts a child stuck in a loop, prints the child's id, and ends. */
async function orphan(withWatchdog: boolean): Promise<number> {
  const watchdog = JSON.stringify(join(programs, 'watchdog.js'));
  const guard = `new (require('node:worker_threads').Worker)(${watchdog}, { workerData: { parent: process.ppid } });`;
  const child = `${withWatchdog ? guard : ''} setTimeout(() => { const end = Date.now() + 20000; while (Date.now() < end); process.exit(); }, 300);`;
  const parent = spawn(process.execPath, [
    '-e',
    `const c = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { detached: true, stdio: 'ignore' });
     c.unref(); console.log(c.pid); setTimeout(() => {}, 800);`,
  ]);
  let out = '';
  parent.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  await new Promise((resolve) => parent.on('close', resolve));
  return Number(out.trim());
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('the watchdog', () => {
  it('ends a stuck engine whose parent is gone; without it the engine would live on', async () => {
    const [guarded, unguarded] = await Promise.all([orphan(true), orphan(false)]);
    for (let i = 0; i < 60 && isAlive(guarded); i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isAlive(guarded)).toBe(false);
    expect(isAlive(unguarded)).toBe(true);
    process.kill(unguarded, 'SIGKILL');
  });
});
