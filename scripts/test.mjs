// `npm test`: every check of the project in order, from an installed tree to a real editor; the first that fails ends it.
// `-- --unit` leaves the real editor out.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { testInEditor } from './editor-test.mjs';
import { installDependencies } from './install.mjs';
import { main, root, run } from './process.mjs';
import { testOnWebGpu } from './webgpu-test.mjs';

const reports = join(root, '.cache', 'test');
const tool = (path) => join(root, 'node_modules', path);

/** Reads the code and writes nothing that another reads, so all three at once: each alone keeps one core busy. */
const checks = [
  ['types', tool('typescript/bin/tsc'), '-b'],
  ['lint', tool('@biomejs/biome/bin/biome'), 'check', '.'],
  [
    'walls between rooms',
    tool('dependency-cruiser/bin/dependency-cruise.mjs'),
    ...['src', 'media', 'test', '--config', '.dependency-cruiser.cjs'],
  ],
];

/** Runs all to their ends, then shows what each wrote, in order. Rejects with all that failed. */
async function atOnce(checks) {
  const logOf = (name) => join(reports, `${name}.log`);
  const ends = await Promise.allSettled(
    checks.map(([name, ...args]) => run(process.execPath, args, { log: logOf(name) })),
  );
  const failed = [];
  for (const [i, [name]] of checks.entries()) {
    const isFailed = ends[i].status === 'rejected';
    console.log(`-- ${name}${isFailed ? ' failed' : ''}\n${readFileSync(logOf(name), 'utf8').trim()}\n`);
    if (isFailed) failed.push(`${name}: ${ends[i].reason.message.split('\n')[0]}`);
  }
  if (failed.length > 0) throw new Error(failed.join(' '));
}

/** `name` is that of the report; further arguments go to vitest. */
function vitest(name, ...args) {
  const report = `--outputFile.json=${join(reports, `${name}.json`)}`;
  const all = [tool('vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', report, ...args];
  // What was built two stages before need not be built again.
  return run(process.execPath, all, { env: { CHORUS_BUILT: '1' } });
}

const stages = [
  ['install', installDependencies],
  ['build', () => run(process.execPath, ['scripts/build.mjs'])],
  ['types, lint and walls', () => atOnce(checks)],
  ['unit tests', () => vitest('unit')],
  ['torture', () => vitest('torture', '--config', 'vitest.torture.config.mts')],
  ['real editor', () => testInEditor({ report: join(reports, 'editor.json') })],
  // After the editor, whose Chromium has the driver.
  ['WebGPU', () => testOnWebGpu({ report: join(reports, 'webgpu.json') })],
];

/** How many tests ran in the stages so far, from vitest's reports. */
function countTests() {
  const counts = { passed: 0, failed: 0 };
  for (const name of ['unit.json', 'torture.json', 'editor.json', 'webgpu.json']) {
    const path = join(reports, name);
    if (!existsSync(path)) continue;
    const report = JSON.parse(readFileSync(path, 'utf8'));
    counts.passed += report.numPassedTests;
    counts.failed += report.numFailedTests;
  }
  return counts;
}

await main(async () => {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg !== '--unit');
  if (unknown) throw new Error(`Unknown option ${unknown}. "npm test" takes only "-- --unit".`);
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  let failure;
  for (const [name, work] of stages) {
    if (name === 'real editor' && args.includes('--unit')) continue;
    console.log(`\n== ${name}`);
    const start = Date.now();
    try {
      await work();
    } catch (error) {
      failure = `Failed at "${name}". ${error.message}`;
    }
    console.log(
      `== ${name}: ${failure ? 'failed after' : 'done in'} ${((Date.now() - start) / 1000).toFixed(1)} s`,
    );
    if (failure) break;
  }
  const { passed, failed } = countTests();
  // A stage can fail without a failed test: a lint, a file that does not load, a test process that crashes.
  console.log(`\n${passed} passed, ${failure ? Math.max(failed, 1) : failed} failed`);
  if (failure) throw new Error(failure);
});
