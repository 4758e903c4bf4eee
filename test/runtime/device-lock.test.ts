import { Worker } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { alone, createDeviceLock } from '../../src/runtime/device-lock.ts';
import { graphicsDriver } from '../../src/runtime/driver.ts';

it('a thread waits until another has left the device', async () => {
  const lock = createDeviceLock();
  const word = new Int32Array(lock);
  Atomics.store(word, 0, 1);
  const left = new Int32Array(new SharedArrayBuffer(4));
  const other = `
    const { workerData: { word, left } } = require('node:worker_threads');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    Atomics.store(left, 0, 1);
    Atomics.store(word, 0, 0);
    Atomics.notify(word, 0);`;
  const worker = new Worker(other, { eval: true, workerData: { word, left } });
  expect(await alone(lock, async () => Atomics.load(left, 0))).toBe(1);
  await worker.terminate();
});

it('a device is left also by a task that fails', async () => {
  const lock = createDeviceLock();
  await expect(alone(lock, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  expect(await alone(lock, async () => new Int32Array(lock)[0])).toBe(1);
  expect(new Int32Array(lock)[0]).toBe(0);
});

const { VK_ICD_FILENAMES } = process.env;
afterEach(() => {
  if (VK_ICD_FILENAMES === undefined) delete process.env.VK_ICD_FILENAMES;
  else process.env.VK_ICD_FILENAMES = VK_ICD_FILENAMES;
});

it.runIf(process.platform === 'linux')('the driver is known by what Vulkan is told to use', async () => {
  const before = await graphicsDriver();
  expect(before).toMatch(/^linux /);
  expect(await graphicsDriver()).toBe(before);
  process.env.VK_ICD_FILENAMES = '/another/driver.json';
  expect(await graphicsDriver()).not.toBe(before);
});
