// Makes node_modules hold exactly what package-lock.json says, without running any install script of a dependency.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isScript, main, npmScript, root, run } from './process.mjs';

// onnxruntime-node's install script would fetch CUDA libraries; the CPU library is inside the package.
const env = { ONNXRUNTIME_NODE_INSTALL: 'skip' };
const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** Installs the dependencies of `folder` where they are missing or differ from its lock file. */
export async function installDependencies(folder = root) {
  if (isUpToDate(folder)) return;
  console.log('Installing dependencies…');
  try {
    await run(process.execPath, [npmScript(), 'ci', ...quiet], { cwd: folder, env });
  } catch {
    console.log('npm ci did not accept package-lock.json; trying npm install…');
    await run(process.execPath, [npmScript(), 'install', ...quiet], { cwd: folder, env });
  }
}

function isUpToDate(folder) {
  const wanted = readPackages(join(folder, 'package-lock.json'));
  const present = readPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  // An optional package may be absent: most are made for another platform.
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || present[path]?.version === version,
  );
}

function readPackages(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, 'utf8')).packages : undefined;
}

if (isScript(import.meta.url)) await main(() => installDependencies());
