// `npm run mutants`: changes src/core in small ways, one at a time, and counts how many of these mistakes the tests of core
// notice (StrykerJS). Fails below 85 %. `-- --mutate src/core/pool.ts` looks at one file. What was tried once is remembered.
import { join } from 'node:path';
import { installDependencies } from './install.mjs';
import { isScript, main, root, run } from './process.mjs';

const folder = join(root, 'test', 'mutants');
const program = join(folder, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');

if (isScript(import.meta.url)) {
  await main(async () => {
    // Its packages are needed for nothing else, so they are installed when it is first run.
    await installDependencies(folder);
    await run(process.execPath, [
      program,
      'run',
      'test/mutants/stryker.config.json',
      ...process.argv.slice(2),
    ]);
  });
}
