// Builds the programs, and bundles and loads the TypeScript of the benchmarks.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Builds dist/; ends the process where that fails. */
export function buildPrograms() {
  const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
}

/** Bundles `bench/NAME.ts` into `folder`; resolves to the file. */
export async function bundle(name, folder) {
  const file = join(folder, `${name.replaceAll('/', '-')}.cjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [`bench/${name}.ts`],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node', '@vscode/tree-sitter-wasm'],
    outfile: file,
    logLevel: 'warning',
  });
  return file;
}

/** Bundles `bench/NAME.ts` into `folder` and loads it: `{ module, file }`. */
export async function load(name, folder) {
  const file = await bundle(name, folder);
  return { module: createRequire(import.meta.url)(file), file };
}
