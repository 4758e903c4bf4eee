// `npm run editor`: packages the extension for this platform and runs test/editor against it in a real VS Code.
// Further arguments go to vitest. The tests get what they need through CHORUS_EDITOR, see test/editor/workbench.ts.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { provideChromium } from './chromium.mjs';
import { provideCodeServer } from './code-server.mjs';
import { buildForPackage, packageExtension, thisTarget } from './package.mjs';
import { isScript, main, root, run } from './process.mjs';
import { installExtension } from './serve.mjs';

/** Packages and installs the extension and provides the editor and the browser; gives what test/editor/workbench.ts reads. */
export async function provideEditor() {
  const chromium = await provideChromium();
  const codeServer = await provideCodeServer();
  const vsix = process.env.CHORUS_VSIX ?? (await packaged());
  return { chromium, codeServer, extensions: await installed({ codeServer, vsix }) };
}

/** The folder of extensions of an editor into which the VSIX was just installed; each test's editor gets a copy. */
async function installed({ codeServer, vsix }) {
  const home = join(root, '.cache', 'editor-home');
  rmSync(home, { recursive: true, force: true });
  await installExtension({ codeServer, home, vsix });
  return join(home, 'extensions');
}

async function packaged() {
  await buildForPackage();
  return (await packageExtension(thisTarget())).path;
}

/** Runs the tests; rejects where one fails. `report` is the file for vitest's JSON report. */
export async function testInEditor({ report, args = [] }) {
  const env = { CHORUS_EDITOR: JSON.stringify(await provideEditor()) };
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  await run(
    process.execPath,
    [vitest, 'run', '--config', 'vitest.editor.config.mts', ...reporters, ...args],
    {
      env,
    },
  );
}

if (isScript(import.meta.url)) {
  const report = join(root, '.cache', 'test', 'editor.json');
  await main(() => testInEditor({ report, args: process.argv.slice(2) }));
}
