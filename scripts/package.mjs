// `npm run package`: builds one VSIX per target, each with that target's native files only, and checks what is inside.
// `-- --target linux-x64` chooses one target, `-- --all` makes every one; the default is this platform's.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isScript, main, root, run } from './process.mjs';
import { listZip } from './zip.mjs';

const targets = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64'];
const natives = 'node_modules/onnxruntime-node/bin/napi-v6';

/** This platform as a target; throws where ONNX Runtime has no binary for it. */
export const thisTarget = () => checkTarget(`${process.platform}-${process.arch}`);

function checkTarget(target) {
  if (targets.includes(target)) return target;
  const reason =
    target === 'darwin-x64'
      ? 'ONNX Runtime 1.30 has no binary for Macs with Intel processors.'
      : `Chorus has no native files for it.`;
  throw new Error(`Cannot package for ${target}: ${reason} The targets are ${targets.join(', ')}.`);
}

/** Builds the minified programs into dist/. */
export async function buildForPackage() {
  console.log('Building for the package…');
  await run(process.execPath, ['scripts/build.mjs', '--minify']);
}

/** Makes and checks the VSIX of one target from what dist/ holds; gives its `path` and `size` in bytes. */
export async function packageExtension(target) {
  const folder = join(root, '.cache', 'vsix');
  mkdirSync(folder, { recursive: true });
  const ignoreFile = join(folder, `${target}.vscodeignore`);
  const path = join(folder, `chorus-${target}.vsix`);
  const wanted = nativeFiles(target);
  const lines = wanted.map((file) => `!${natives}/${file}`);
  writeFileSync(ignoreFile, `${readFileSync(join(root, '.vscodeignore'), 'utf8')}\n${lines.join('\n')}\n`);

  console.log(`Packaging for ${target}…`);
  const log = join(folder, `${target}.log`);
  const options = ['--target', target, '--ignoreFile', ignoreFile, '--out', path];
  const quiet = ['--allow-missing-repository', '--no-rewrite-relative-links'];
  await run(
    process.execPath,
    [join(root, 'node_modules/@vscode/vsce/vsce'), 'package', ...options, ...quiet],
    { log },
  );
  checkContents(listZip(readFileSync(path)), wanted);
  return { path, size: statSync(path).size };
}

/** The target's native files, relative to the folder of natives. */
function nativeFiles(target) {
  const folder = target.replace('-', '/');
  const names = readdirSync(join(root, natives, folder));
  const binding = readFileSync(join(root, natives, folder, 'onnxruntime_binding.node'));
  // macOS gets the same library under two names; the binding loads it under one of them.
  const isUsed = (name) => !name.endsWith('.dylib') || binding.includes(name);
  return names.filter(isUsed).map((name) => `${folder}/${name}`);
}

const forbidden = [
  /^extension\/(src|test|bench|scripts|docs|samples)\//,
  /\.map$/,
  /\.[cm]?ts$/,
  /\.tsbuildinfo$/,
  /\/onnx\/model\.onnx$/,
  /^extension\/node_modules\/(?!onnxruntime-(node|common)\/)/,
];

const required = [
  'extension/package.json',
  'extension/package.nls.json',
  'extension/package.nls.ja.json',
  'extension/l10n/bundle.l10n.ja.json',
  'extension/dist/extension.js',
  'extension/dist/engine.js',
  'extension/dist/worker.js',
  'extension/dist/device-check.js',
  'extension/dist/merge.js',
  'extension/dist/maths.js',
  'extension/dist/template-process.js',
  'extension/dist/watchdog.js',
  ...['tree-sitter', 'tree-sitter-typescript', 'tree-sitter-tsx', 'tree-sitter-python'].map(
    (name) => `extension/dist/${name}.wasm`,
  ),
  'extension/dist/THIRD_PARTY_NOTICES.txt',
  'extension/dist/media/chat.js',
  'extension/node_modules/onnxruntime-node/dist/index.js',
  'extension/node_modules/onnxruntime-common/dist/cjs/index.js',
  ...['general', 'code', 'math'].flatMap((name) => [
    `extension/models/pocket/${name}/onnx/model_q4.onnx`,
    `extension/models/pocket/${name}/tokenizer.json`,
  ]),
  ...['code', 'math'].flatMap((name) => [
    `extension/models/adapters/smollm2-135m-${name}/adapter_config.json`,
    `extension/models/adapters/smollm2-135m-${name}/adapter_model.safetensors`,
    `extension/models/adapters/smollm2-135m-${name}/chorus.json`,
  ]),
];

/** Throws where the VSIX lacks a file it needs or holds one it must not. `entries` are the zip's paths. */
export function checkContents(entries, nativesWanted) {
  const wanted = nativesWanted.map((file) => `extension/${natives}/${file}`);
  const isNative = (entry) =>
    entry.startsWith(`extension/${natives}/`) || /\.(node|so|dll|dylib)(\.|$)/.test(entry);
  const unwanted = entries.filter(
    (entry) => forbidden.some((rule) => rule.test(entry)) || (isNative(entry) && !wanted.includes(entry)),
  );
  const missing = [...required, ...wanted].filter((entry) => !entries.includes(entry));
  if (unwanted.length > 0)
    throw new Error(`The VSIX holds files that it must not hold:\n  ${unwanted.join('\n  ')}`);
  if (missing.length > 0) throw new Error(`The VSIX lacks files that it needs:\n  ${missing.join('\n  ')}`);
}

function chosenTargets(args) {
  if (args.length === 0) return [thisTarget()];
  if (args.length === 1 && args[0] === '--all') return targets;
  if (args.length === 2 && args[0] === '--target') return [checkTarget(args[1])];
  throw new Error('Usage: npm run package [-- --target TARGET | --all]');
}

if (isScript(import.meta.url)) {
  await main(async () => {
    const chosen = chosenTargets(process.argv.slice(2));
    await buildForPackage();
    for (const target of chosen) {
      const { path, size } = await packageExtension(target);
      console.log(`  ${(size / 1e6).toFixed(1)} MB  ${path}`);
    }
  });
}
