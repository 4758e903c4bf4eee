/** What a model wrote is run, and can do no harm. Needs python3; without one there is nothing to run. */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPython } from '../../bench/quality/python.ts';
import { temporaryFolder } from '../programs.ts';

const python = await findPython({ seconds: 1, bytes: 512 << 20 });

describe.skipIf(python === undefined)('Python that a model wrote', () => {
  const run = (program: string) => python?.run(program);
  /** Passes where each of the programs is refused; one process for all of them. */
  const refused = (programs: readonly string[]) =>
    run(`for one in ${JSON.stringify(programs)}:
    try:
        exec(one)
    except OSError:
        continue
    raise AssertionError(one)
`);

  it('passes where it ends without an error, with the modules that solutions import', async () => {
    const imports =
      'import math, re, collections, itertools, functools, heapq, hashlib, typing, string, copy, random';
    expect(await run(`${imports}\ndef f(x):\n    return x + 1\nassert f(1) == 2\n`)).toBe('passed');
    const used = "import hashlib, collections\nassert hashlib.md5(b'a').hexdigest()[0] == '0'\n";
    expect(await run(`${used}collections.namedtuple('A', 'x')`)).toBe('passed');
  });

  it.each([
    ['a wrong answer', 'assert 1 == 2'],
    ['no Python', 'def f(:'],
    ['an exit that looks well', 'import sys\nsys.exit(0)'],
    ['an exit past everything', 'import os\nos._exit(0)'],
    ['a word it made up', "import os\nos.write(1, b'passed 0.5')\nos._exit(0)"],
    ['too much memory', 'x = bytearray(1 << 30)'],
  ])('fails by %s', async (_name, program) => {
    expect(await run(program)).toBe('failed');
  });

  it('is ended where it goes on and on, busy or not', async () => {
    expect(await run('while True: pass')).not.toBe('passed');
    expect(await run('import time\ntime.sleep(60)')).toBe('timeout');
  });

  it('changes no file', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'mine');
    writeFileSync(file, 'mine');
    mkdirSync(join(folder, 'empty'));
    const path = JSON.stringify(file);
    const attempts = [
      `open(${path}, 'w')`,
      `open(${path}, 'a').write('x')`,
      `import os; os.open(${path}, os.O_WRONLY)`,
      `import os; os.remove(${path})`,
      `import os; os.rename(${path}, ${path} + '2')`,
      `import os; os.rmdir(${JSON.stringify(join(folder, 'empty'))})`,
      `import os; os.truncate(${path}, 0)`,
      `import shutil; shutil.rmtree(${JSON.stringify(folder)})`,
      `import pathlib; pathlib.Path(${path}).unlink()`,
    ];
    expect(await refused(attempts)).toBe('passed');
    expect(readdirSync(folder).sort()).toEqual(['empty', 'mine']);
    // The control: reading is allowed, so that it is the guard that refuses and not the folder.
    expect(await refused([`assert open(${path}).read() == 'mine'`])).toBe('failed');
    expect(await run(`assert open(${path}).read() == 'mine'`)).toBe('passed');
  });

  it('starts no process and reaches no network', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.end('here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const marker = join(temporaryFolder(), 'marker');
    const attempts = [
      `import urllib.request; urllib.request.urlopen('http://127.0.0.1:${port}').read()`,
      `import socket; socket.create_connection(('127.0.0.1', ${port}))`,
      `import os; os.system('touch ${marker}')`,
      `import subprocess; subprocess.run(['touch', '${marker}'])`,
      'import os; os.fork()',
      "import ctypes; ctypes.CDLL(None).system(b'true')",
    ];
    expect(await refused(attempts)).toBe('passed');
    server.close();
    expect(asked).toBe(0);
    expect(existsSync(marker)).toBe(false);
  });
});
