// Bundles the programs and the chat page into dist/. `--minify` for the VSIX.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { notices } from './notices.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const minify = process.argv.includes('--minify');
const common = {
  absWorkingDir: root,
  bundle: true,
  metafile: true,
  minify,
  sourcemap: minify ? false : 'linked',
  logLevel: 'warning',
};

// Another build may write there at the same time.
await rm(join(root, 'dist'), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
await mkdir(join(root, 'dist', 'media'), { recursive: true });

const built = await Promise.all([
  build({
    ...common,
    entryPoints: {
      extension: 'src/extension/main.ts',
      engine: 'src/engine/main.ts',
      worker: 'src/runtime/worker.ts',
      'device-check': 'src/runtime/device-check.ts',
      convert: 'src/runtime/convert-process.ts',
      watchdog: 'src/engine/watchdog.ts',
      'template-process': 'src/engine/template-process.ts',
      cli: 'src/cli/main.ts',
      merge: 'src/merge/process.ts',
      maths: 'src/maths/process.ts',
    },
    outdir: 'dist',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'onnxruntime-node'],
  }),
  build({
    ...common,
    entryPoints: {
      chat: 'media/chat/main.ts',
      'chat-style': 'media/chat/style.css',
      mix: 'media/mix/main.ts',
      'mix-style': 'media/mix/style.css',
      statistics: 'media/statistics/main.ts',
      'statistics-style': 'media/statistics/style.css',
    },
    outdir: 'dist/media',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty' },
    assetNames: 'fonts/[name]',
  }),
]);
// The grammars that count syntax errors, and what runs them.
for (const name of ['tree-sitter', 'tree-sitter-typescript', 'tree-sitter-tsx', 'tree-sitter-python']) {
  const file = `${name}.wasm`;
  await cp(join(root, 'node_modules/@vscode/tree-sitter-wasm/wasm', file), join(root, 'dist', file));
}
await writeFile(
  join(root, 'dist', 'THIRD_PARTY_NOTICES.txt'),
  notices(
    root,
    built.map(({ metafile }) => metafile),
  ),
);
await cp(join(root, 'media', 'icons'), join(root, 'dist', 'media', 'icons'), {
  recursive: true,
  force: true,
}).catch((error) => {
  if (error.code !== 'ENOENT') throw error;
});
