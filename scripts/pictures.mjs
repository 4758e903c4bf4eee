// `npm run pictures`: makes docs/pictures and the walkthrough's pictures from the extension as it runs in a real VS Code, with the mix
// Tiny. Its base is fetched where it is not there.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { provideEditor } from './editor-test.mjs';
import { installDependencies } from './install.mjs';
import { main, root } from './process.mjs';

await main(async () => {
  await installDependencies();
  const { build } = await import('esbuild');
  process.env.CHORUS_EDITOR = JSON.stringify(await provideEditor());
  // Node 20 does not read TypeScript; inside the checkout the bundle still finds playwright-core.
  const outfile = join(root, '.cache', 'editor', 'pictures.mjs');
  const bundle = { bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external' };
  await build({ ...bundle, entryPoints: [join(root, 'test', 'editor', 'pictures.ts')], outfile });
  process.chdir(root);
  const { takePictures } = await import(pathToFileURL(outfile).href);
  console.log('Taking pictures…');
  const folders = { docs: join('docs', 'pictures'), walkthrough: join('media', 'walkthrough') };
  await takePictures(folders, fetchedBase());
});

/** The folder of Tiny's base. What is said on the way goes to the terminal, the folder comes back. */
function fetchedBase() {
  const args = [join(root, 'dist', 'cli.js'), 'models', 'fetch', 'smollm2-135m-instruct'];
  const { status, stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const folder = stdout.toString().trim();
  if (status !== 0 || folder === '') throw new Error('Without its base the mix Tiny cannot be shown.');
  return folder;
}
