// Child processes for the scripts: run one to its end, find npm and other commands, and end a script with a sentence.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Runs a command to its end. Output goes to the terminal, or to the file `log` where one is given.
 * Rejects when the command cannot start or does not exit with 0; the message names the command and the log.
 */
export function run(command, args, { cwd = root, env = {}, log, verbatim = false } = {}) {
  return new Promise((resolve, reject) => {
    const name = [command, ...args].join(' ');
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      windowsVerbatimArguments: verbatim,
      stdio: ['ignore', log ? 'pipe' : 'inherit', log ? 'pipe' : 'inherit'],
    });
    const started = Date.now();
    const patience = log
      ? setInterval(
          () => console.log(`  still at it, ${Math.round((Date.now() - started) / 1000)} s so far`),
          30_000,
        )
      : undefined;
    child.on('close', () => clearInterval(patience));
    if (log) {
      const file = createWriteStream(log, { flags: 'a' });
      file.write(`\n$ ${name}\n`);
      child.stdout.pipe(file, { end: false });
      child.stderr.pipe(file, { end: false });
      child.on('close', () => file.end());
    }
    const output = () => (log ? `\n${lastLines(log)}\nIts whole output is in ${log}.` : '');
    child.on('error', (error) => reject(new Error(`Could not start "${name}": ${error.message}.`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`"${name}" ended with ${signal ?? `exit code ${code}`}.${output()}`));
    });
  });
}

const lastLines = (file) => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');

/** The path of a command on PATH, or undefined. */
export function findCommand(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (folder && existsSync(path)) return path;
    }
  }
  return undefined;
}

/** npm's own script, so that npm can be run with any Node and without a shell. */
export function npmScript() {
  const beside = dirname(process.execPath);
  const onPath = findCommand('npm');
  const candidates = [
    process.env.npm_execpath,
    join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    onPath && realpathSync(onPath),
  ];
  const found = candidates.find((path) => path?.endsWith('npm-cli.js') && existsSync(path));
  if (!found) throw new Error('npm was not found beside Node or on PATH. Install Node 20 or later with npm.');
  return found;
}

/** Whether the file of this `import.meta.url` is the script that Node was started with. */
export const isScript = (url) =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);

/** Runs a script's main function; a failure prints its sentence alone and exits with 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    console.error(`\n${process.env.CHORUS_DEBUG ? error.stack : error.message}`);
    process.exitCode = 1;
  }
}
