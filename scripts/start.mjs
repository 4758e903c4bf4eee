// `npm start`: installs, builds and opens VS Code with the extension on the sample workspace. `-- --terminal` chats and
// completes in the terminal instead, with `--pocket` by the experts that come along, with `--offline` without any connection for a
// model. Where there is no desktop VS Code it serves one to the browser.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder, provideCodeServer } from './code-server.mjs';
import { installDependencies } from './install.mjs';
import { whatIsOffered } from './offer.mjs';
import { buildForPackage, packageExtension, thisTarget } from './package.mjs';
import { findCommand, main, root, run } from './process.mjs';
import { installExtension, startServer } from './serve.mjs';

/** A copy of samples/, so that trying things out changes no file of the checkout. */
const samples = join(root, '.cache', 'samples');

await main(async () => {
  const args = process.argv.slice(2);
  // npm keeps an option for itself where the "--" before it is forgotten.
  const given = (name) => args.includes(`--${name}`) || process.env[`npm_config_${name}`] === 'true';
  const [inTerminal, pocket, offline] = ['terminal', 'pocket', 'offline'].map(given);
  const unknown = args.find((arg) => !['--terminal', '--pocket', '--offline'].includes(arg));
  if (unknown)
    throw new Error(
      `Unknown option ${unknown}. "npm start" takes only -- --terminal, --pocket and --offline.`,
    );
  if (pocket && !inTerminal)
    throw new Error('--pocket goes with --terminal; in the editor, say no to the fetch.');

  const after = [];
  await timed('install', after, installDependencies);
  const desktop = findCommand('code');
  // What goes to the browser is built for its package.
  if (inTerminal || desktop) {
    console.log('Building…');
    await timed('build', after, () => run(process.execPath, ['scripts/build.mjs']));
  }
  if (offline) process.env.CHORUS_OFFLINE = '1';

  if (!existsSync(samples)) cpSync(join(root, 'samples'), samples, { recursive: true });
  if (!inTerminal) console.log(whatIsOffered(root, process.env));
  if (inTerminal) await chatInTerminal([...after, ...(pocket ? ['--pocket'] : [])]);
  else if (desktop) await openDesktop(desktop);
  else await serveToBrowser();
});

/** Runs `work`, and keeps how long it took for the chat, which tells the time to the first token. */
async function timed(name, after, work) {
  const began = performance.now();
  await work();
  after.push('--after', `${name}=${((performance.now() - began) / 1000).toFixed(2)}`);
}

async function chatInTerminal(args) {
  // Who pipes a question in is not there to be asked, and came for an answer.
  const consent = process.stdin.isTTY && process.stdout.isTTY ? [] : ['--fetch'];
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), 'chat', ...consent, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  // Ctrl+C belongs to the chat, which ends or interrupts itself.
  process.on('SIGINT', () => {});
  process.exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function openDesktop(code) {
  console.log(`Opening VS Code on ${samples}…`);
  const args = ['--new-window', `--extensionDevelopmentPath=${root}`, samples];
  if (process.platform !== 'win32') return await run(code, args);
  // On Windows `code` is a batch file, which only a shell can start.
  const line = [code, ...args].map((part) => `"${part}"`).join(' ');
  await run(process.env.ComSpec ?? 'cmd.exe', ['/d', '/s', '/c', `"${line}"`], { verbatim: true });
}

async function serveToBrowser() {
  await buildForPackage();
  const { path: vsix } = await packageExtension(thisTarget());
  const codeServer = await provideCodeServer();
  const home = join(cacheFolder(), 'start');
  writeSettings(home);
  console.log('Installing the extension…');
  await installExtension({ codeServer, home, vsix });
  const server = await startServer({ codeServer, home, folder: samples });
  console.log(`\nVS Code with Chorus is at  ${server.address}\nOpen it in a browser. Ctrl+C ends it.`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void server.stop());
  await server.ended;
}

/** The settings of the served editor, where the user has none yet: the sample's README first, and room for the chat. */
function writeSettings(home) {
  const file = join(home, 'data', 'User', 'settings.json');
  if (existsSync(file)) return;
  const settings = {
    'workbench.startupEditor': 'readme',
    'git.openRepositoryInParentFolders': 'never',
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'telemetry.telemetryLevel': 'off',
    // The editor's own chat would ask for an account; Chorus brings its own.
    'chat.disableAIFeatures': true,
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(settings, undefined, 2)}\n`);
}
