// Runs an installed code-server on one folder of the user's, with its own user data and extensions, and no password:
// it listens on this machine only.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `codeServer` is `{ node, script }` from provideCodeServer; `home` holds all that the server writes.
 * `args` are more arguments of code-server, `env` more variables of its environment.
 */
function launch({ codeServer, home, args, env = {} }) {
  const config = join(home, 'config.yaml');
  mkdirSync(home, { recursive: true });
  writeFileSync(config, 'auth: none\n');
  const always = ['--config', config, '--auth', 'none', '--user-data-dir', join(home, 'data')];
  return spawn(
    codeServer.node,
    [codeServer.script, ...always, '--extensions-dir', join(home, 'extensions'), ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...withoutEditor(process.env), ...env },
    },
  );
}

/** A terminal inside VS Code passes variables that would make code-server talk to that window instead. */
function withoutEditor(env) {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('VSCODE_'));
  return Object.fromEntries(kept);
}

/** Installs a VSIX into `home`'s extensions. */
export function installExtension({ codeServer, home, vsix }) {
  return new Promise((resolve, reject) => {
    const child = launch({ codeServer, home, args: ['--install-extension', vsix, '--force'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`code-server could not install ${vsix}:\n${output}`));
    });
  });
}

/**
 * Starts the server on `folder` at a free port, in the language `locale` where a pack of it is installed. Resolves, once it listens, with its `address`, `stop()`, which ends it
 * and what it started, `ended` (a promise of its end) and `output()`, all it has printed.
 */
export function startServer({ codeServer, home, folder, port = 0, env, locale }) {
  const plain = ['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust'];
  const child = launch({
    codeServer,
    home,
    env,
    args: [
      ...['--bind-addr', `127.0.0.1:${port}`, ...plain, '--disable-getting-started-override'],
      ...(locale === undefined ? [] : ['--locale', locale]),
      folder,
    ],
  });
  let output = '';
  const ended = new Promise((resolve) => child.on('close', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  };
  return new Promise((resolve, reject) => {
    const listen = (chunk) => {
      output += chunk;
      const address = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
      if (address) resolve({ address, stop, ended, output: () => output });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', reject);
    void ended.then(() => reject(new Error(`code-server ended before it listened:\n${output}`)));
  });
}
