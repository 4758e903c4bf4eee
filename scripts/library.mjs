// `npm run library`: writes the library entry `chorus/core` with its types to library/.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { isScript, main, root, run } from './process.mjs';

const RELATIVE_IMPORT = /(from '\.\/[^']+)\.ts'/g;

/** Bundles src/core to `folder` and writes its declarations beside it. */
export async function buildLibrary(folder = join(root, 'library')) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const declarations = join(root, '.cache', 'types', 'src', 'core');
  await Promise.all([
    build({
      absWorkingDir: root,
      entryPoints: { index: 'src/core/index.ts' },
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      outdir: folder,
      logLevel: 'warning',
    }),
    run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'src/core']),
  ]);
  for (const name of await readdir(declarations)) {
    if (!name.endsWith('.d.ts')) continue;
    const text = await readFile(join(declarations, name), 'utf8');
    await writeFile(join(folder, name), text.replace(RELATIVE_IMPORT, "$1.js'"));
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
}

if (isScript(import.meta.url)) {
  await main(async () => {
    await buildLibrary();
    console.log('Wrote chorus/core to library/. In your project: npm install FOLDER OF THIS CLONE.');
  });
}
