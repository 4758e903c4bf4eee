import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LEAST_BYTES } from '../../src/runtime/choose-device.ts';
import { createDevices, type ModelGraph } from '../../src/runtime/model-device.ts';
import { pocket, temporaryFolder } from '../programs.ts';

const modelOf = (graph: string, graphBytes = 1): ModelGraph => ({
  order: {
    format: 'onnx',
    folder: pocket('code'),
    graph,
    precision: 'q4',
    cacheFolder: temporaryFolder(),
    keepExport: false,
    kvNames: { pastKey: '%d', pastValue: '%d', presentKey: '%d', presentValue: '%d' },
    layers: 6,
    threads: 1,
    vocabularySize: 4096,
    vocabularyRows: 4096,
    contextLength: 1024,
    adapters: [null],
  },
  graphBytes,
});
const pocketGraph = join(pocket('code'), 'onnx', 'model_q4.onnx');

it('a graph that is no file is left to whoever loads it', async () => {
  const cacheFolder = temporaryFolder();
  const folder = join(temporaryFolder(), 'model.onnx');
  mkdirSync(folder);
  const devices = createDevices({ checkProgram: '/nowhere.js', cacheFolder, log: () => {} });
  const chosen = await devices.choose('auto', modelOf(folder, LEAST_BYTES));
  expect(chosen).toEqual({ device: 'cpu', reason: 'the graph cannot be read' });
});

it.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'every device of this machine is tried where it is worth it, and the folder of verdicts is made for that alone',
  async () => {
    const cacheFolder = temporaryFolder();
    // A program that is not there: every check fails, and says so.
    const devices = createDevices({ checkProgram: '/nowhere.js', cacheFolder, log: () => {} });
    expect((await devices.choose('cpu', modelOf(pocketGraph, LEAST_BYTES))).reason).toBeUndefined();
    expect((await devices.choose('auto', modelOf(pocketGraph))).reason).toMatch(/small/);
    expect(existsSync(join(cacheFolder, 'devices'))).toBe(false);
    const { device, reason } = await devices.choose('auto', modelOf(pocketGraph, LEAST_BYTES));
    expect(device).toBe('cpu');
    expect(reason).toMatch(/^WebGPU crashed .*; CUDA crashed /);
    expect(existsSync(join(cacheFolder, 'devices'))).toBe(true);
  },
);
