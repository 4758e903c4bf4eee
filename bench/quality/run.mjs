// `npm run eval`: bundles the evaluation and runs it.
import { join } from 'node:path';
import { buildPrograms, load, root } from '../bundle.mjs';

buildPrograms();
const programs = join(root, 'dist');
const folder = join(root, '.cache', 'bench');
const { module } = await load('quality/main', folder);
const { file: measure } = await load('quality/measure', folder);
const { file: suites } = await load('quality/suites', folder);
try {
  const code = [measure, suites, join(programs, 'worker.js'), join(programs, 'template-process.js')];
  process.exitCode = await module.evaluate(process.argv.slice(2), { root, programs, code });
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
