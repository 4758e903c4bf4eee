// `npm run eval`: bundles the evaluation, or with `merges` the comparison with merges, and runs it.
import { join } from 'node:path';
import { buildPrograms, bundle, load, root } from '../bundle.mjs';

buildPrograms();
const programs = join(root, 'dist');
const folder = join(root, '.cache', 'bench');
const [first, ...rest] = process.argv.slice(2);
const isMerges = first === 'merges';
const { module } = await load(isMerges ? 'quality/merges' : 'quality/main', folder);
const { file: measure } = await load('quality/measure', folder);
const { file: suites } = await load('quality/suites', folder);
try {
  const code = [measure, suites, join(programs, 'worker.js'), join(programs, 'template-process.js')];
  const places = { root, programs, code };
  process.exitCode = isMerges
    ? await module.evaluateMerges(rest, {
        ...places,
        symbolic: await bundle('quality/symbolic-worker', folder),
      })
    : await module.evaluate(process.argv.slice(2), {
        ...places,
        costChild: await bundle('quality/cost-child', folder),
      });
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
