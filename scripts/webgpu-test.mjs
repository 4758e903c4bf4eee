// `npm run webgpu`: runs test/webgpu on SwiftShader, a Vulkan driver that needs no graphics card and comes with Chromium.
// Further arguments go to vitest. Where there is no such driver, it says so and runs nothing.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findChromium } from './chromium.mjs';
import { isScript, main, root, run } from './process.mjs';

const ICD = 'vk_swiftshader_icd.json';

/** The folder of SwiftShader and Vulkan's loader, or undefined. */
function findSwiftShader() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const chromium = process.env.CHROMIUM ?? findChromium();
  // Debian's command is a script that lies elsewhere than what it starts.
  const beside = chromium && existsSync(chromium) ? [dirname(realpathSync(chromium))] : [];
  const usual = [
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/opt/google/chrome',
    '/opt/microsoft/msedge',
  ];
  return [...beside, ...usual].find((folder) => existsSync(join(folder, ICD)));
}

/** Runs the tests; rejects where one fails. `report` is the file for vitest's JSON report. */
export async function testOnWebGpu({ report, args = [] }) {
  const folder = findSwiftShader();
  if (folder === undefined) {
    console.log(
      'SKIPPED: WebGPU was not tested, because there is no SwiftShader here. It comes with Chromium on Linux x64.',
    );
    return;
  }
  const runtime = mkdtempSync(join(tmpdir(), 'chorus-webgpu-'));
  mkdirSync(join(root, '.cache', 'test'), { recursive: true });
  const { LD_LIBRARY_PATH } = process.env;
  const env = {
    VK_ICD_FILENAMES: join(folder, ICD),
    // Vulkan's loader need not be installed: Chromium has one.
    LD_LIBRARY_PATH: [LD_LIBRARY_PATH, folder].filter(Boolean).join(delimiter),
    XDG_RUNTIME_DIR: runtime,
  };
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  try {
    await run(
      process.execPath,
      [vitest, 'run', '--config', 'vitest.webgpu.config.mts', ...reporters, ...args],
      {
        env,
      },
    );
  } finally {
    rmSync(runtime, { recursive: true, force: true });
  }
}

if (isScript(import.meta.url)) {
  const report = join(root, '.cache', 'test', 'webgpu.json');
  await main(() => testOnWebGpu({ report, args: process.argv.slice(2) }));
}
