/**
 * Runs Python that a model wrote, by the user's `python3`, where it can do no harm: in a process of its own with a limit on time,
 * processor time, memory and the size of files, in an empty folder, without the user's environment; without a network where the
 * system lets a user unshare it (Linux). An audit hook (PEP 578), which a program cannot take off again, refuses what a solution
 * never needs: sockets, other processes, and every change of a file.
 */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type PythonOutcome = 'passed' | 'failed' | 'timeout';

export interface Python {
  /** `Python 3.11.7`. */
  readonly version: string;
  /** Whether the system itself takes the network away; else the audit hook alone does. */
  readonly unshared: boolean;
  /** Whether `program` runs to its end without an error. */
  run(program: string): Promise<PythonOutcome>;
}

export interface PythonLimits {
  readonly seconds: number;
  readonly bytes: number;
}

const usual: PythonLimits = { seconds: 5, bytes: 1 << 30 };

/** Undefined where there is no `python3`, or only one before 3.8. */
export async function findPython(limits: PythonLimits = usual): Promise<Python | undefined> {
  const version = await said(['python3', '-I', '-c', versionProgram]);
  if (version === undefined) return undefined;
  const isolated = ['unshare', '--user', '--map-root-user', '--net'];
  const unshared = (await said([...isolated, 'true'])) !== undefined;
  return {
    version,
    unshared,
    run: (program) => run([...(unshared ? isolated : []), 'python3', '-I', '-c', guard], program, limits),
  };
}

const versionProgram =
  'import sys; assert sys.version_info >= (3, 8); print("Python", sys.version.split()[0])';

/** Reads limits and program, takes away what it must not do, and prints the word it was given if the program ends well. */
const guard = `
import json, sys
task = json.loads(sys.stdin.buffer.read().decode('utf-8'))
try:
    import resource
    for name, most in (('RLIMIT_AS', task['bytes']), ('RLIMIT_CPU', task['seconds']), ('RLIMIT_FSIZE', 0), ('RLIMIT_CORE', 0)):
        resource.setrlimit(getattr(resource, name), (most, most))
except (ImportError, ValueError, OSError):
    pass
import io, os
REFUSED = ('socket.', 'subprocess.', 'os.exec', 'os.fork', 'os.posix_spawn', 'os.spawn', 'os.system', 'os.startfile', 'os.kill',
    'os.remove', 'os.rename', 'os.rmdir', 'os.mkdir', 'os.link', 'os.symlink', 'os.truncate', 'os.chmod', 'os.chown', 'os.chflags',
    'os.utime', 'os.putenv', 'os.setxattr', 'os.removexattr', 'shutil.', 'tempfile.', 'ctypes.', 'mmap.', 'signal.',
    'pty.', 'ftplib.', 'smtplib.', 'urllib.', 'webbrowser.', 'winreg.', 'resource.', 'syslog.', 'sqlite3.')
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def refuse(event, arguments):
    if event.startswith(REFUSED):
        raise PermissionError(event)
    if event == 'open':
        mode, flags = arguments[1], arguments[2]
        if (isinstance(mode, str) and set(mode) & set('wax+')) or (isinstance(flags, int) and flags & WRITES):
            raise PermissionError(event)
def main(program, word, out, hook):
    sys.stdin = sys.stdout = sys.stderr = io.StringIO()
    hook(refuse)
    try:
        exec(compile(program, 'solution', 'exec'), {'__name__': 'solution'})
    except BaseException:
        return
    out(1, word)
main(task['program'], task['word'].encode(), os.write, sys.addaudithook)
`;

async function run(
  command: readonly string[],
  program: string,
  { seconds, bytes }: PythonLimits,
): Promise<PythonOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-python-'));
  const word = `passed ${Math.random()}`;
  try {
    const input = JSON.stringify({ program, word, seconds: Math.ceil(seconds), bytes });
    const { output, late } = await answerOf(command, { input, folder, milliseconds: 1000 * seconds + 1000 });
    if (late) return 'timeout';
    return output === word ? 'passed' : 'failed';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a command prints; undefined where it fails. */
async function said(command: readonly string[]): Promise<string | undefined> {
  const { output, code } = await answerOf(command, { input: '', folder: tmpdir(), milliseconds: 10_000 });
  return code === 0 ? output.trim() : undefined;
}

interface Asked {
  readonly input: string;
  readonly folder: string;
  readonly milliseconds: number;
}

function answerOf(
  [file = '', ...args]: readonly string[],
  { input, folder, milliseconds }: Asked,
): Promise<{ readonly output: string; readonly code: number | null; readonly late: boolean }> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: folder,
      // Where to find the programs, and nothing else that is the user's.
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: process.platform !== 'win32',
    });
    let output = '';
    let late = false;
    const end = (): void => {
      late = true;
      // The process and what it may have started.
      if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
    };
    const timer = setTimeout(end, milliseconds);
    child.stdout.on('data', (chunk: Buffer) => {
      if (output.length < 10_000) output += chunk.toString();
    });
    child.stdin.on('error', () => {});
    const finish = (code: number | null): void => {
      clearTimeout(timer);
      resolve({ output, code, late });
    };
    child.on('error', () => finish(null));
    child.on('close', finish);
    child.stdin.end(input);
  });
}
