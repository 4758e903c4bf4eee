/** `chorus complete`: the place in a file or in a text, and what stands there. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { commandLine } from '../../src/cli/command-line.ts';
import { keeping } from '../kept-experts.ts';
import { cacheFolder, temporaryFolder } from '../programs.ts';

async function complete(args: readonly string[], input = '') {
  const [output, notes] = [new PassThrough(), new PassThrough()];
  const terminal = {
    input: Readable.from([input]),
    output,
    notes,
    interruption: () => new AbortController().signal,
    environment: { ...process.env, CHORUS_CACHE: cacheFolder },
  };
  const code = await commandLine(['complete', ...args], terminal, keeping);
  output.end();
  notes.end();
  return { code, out: await text(output), err: await text(notes) };
}

const before = 'def add(a, b):\r\n    return ';
const after = '\r\n\r\nprint(add(1, 2))\r\n';

function file(): string {
  const place = join(temporaryFolder(), 'sum.py');
  writeFileSync(place, `\uFEFF${before}${after}`);
  return place;
}

it('writes what goes on at a place in a file, the same as where a text marks it', async () => {
  const there = await complete([file(), '--line', '2', '--column', '12']);
  expect(there).toEqual({ code: 0, out: 'a + b\n', err: '' });
  expect(await complete([file(), '--line', '2'])).toEqual(there);
  expect(await complete(['-'], `${before}<cursor>${after}`)).toEqual(there);
  // The control: elsewhere something else goes on.
  expect((await complete([file(), '--line', '1', '--column', '5'])).out).not.toBe(there.out);
});

it('says as JSON who wrote it, by a mix of its own', async () => {
  const { out } = await complete(['--json', '--expert', 'pocket/code'], before);
  expect(JSON.parse(out)).toMatchObject({ shares: { 'pocket/code': 1 }, unit: 'token', replaceRight: 0 });
});

it.each([
  [['no-such.py'], '', 1, /no-such\.py cannot be read/],
  [['a.py', 'b.py'], '', 2, /one file at a time/],
  [['--line', '1'], 'a', 2, /--line and --column are of a file/],
  [[], 'a<cursor>b<cursor>', 2, /stands in the text 2 times/],
  [['--max-tokens', 'many'], 'a', 2, /--max-tokens/],
  [['--pool', 'linear'], 'a', 2, /--pool needs the experts/],
  [['--expert', 'pocket/code', '--pool', 'deep'], 'a', 1, /'pool' must be/],
])('%j of %j ends with %i and a sentence', async (args, input, code, message) => {
  const ran = await complete(args, input);
  expect([ran.code, ran.out]).toEqual([code, '']);
  expect(ran.err).toMatch(message);
});

it.each([
  [['--line', '9'], /There are 5 lines/],
  [['--line', '0'], /--line is a whole number/],
  [['--line', '1', '--column', '99'], /Line 1 has 14 characters/],
  [['--column', '2'], /--column needs --line/],
])('%j is no place in that file', async (args, message) => {
  const ran = await complete([file(), ...args]);
  expect(ran.code).toBe(2);
  expect(ran.err).toMatch(message);
});
