/** The scripting interface as scripts use it: lines in, lines out; in this process but where a process of its own is what counts. */

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { commandLine } from '../../src/cli/command-line.ts';
import { helps } from '../../src/cli/help.ts';
import { keeping } from '../kept-experts.ts';
import { cacheFolder, programs, root, temporaryFolder } from '../programs.ts';

// Whatever the user has fetched, the tests start without it.
beforeAll(() => {
  vi.stubEnv('CHORUS_CACHE', cacheFolder);
});
afterAll(() => {
  vi.unstubAllEnvs();
});

interface Ran {
  readonly code: number | null;
  readonly lines: Record<string, unknown>[];
  readonly out: string;
  readonly err: string;
}

async function chorus(args: readonly string[], input = ''): Promise<Ran> {
  const [output, out] = collector();
  const [notes, err] = collector();
  const interruption = () => new AbortController().signal;
  const terminal = { input: Readable.from([input]), output, notes, interruption, environment: process.env };
  const code = await commandLine(args, terminal, keeping);
  return { code, lines: linesOf(out()), out: out(), err: err() };
}

/** The same by the bundled program. */
async function chorusProcess(args: readonly string[], input: string): Promise<Ran> {
  const child = spawn(process.execPath, [join(programs, 'cli.js'), ...args]);
  const [output, out] = collector();
  const [notes, err] = collector();
  child.stdout.pipe(output);
  child.stderr.pipe(notes);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, lines: linesOf(out()), out: out(), err: err() };
}

function collector(): [Writable, () => string] {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return [stream, () => Buffer.concat(chunks).toString()];
}

function linesOf(out: string): Record<string, unknown>[] {
  return out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const jsonLines = (requests: readonly object[]): string =>
  requests.map((request) => JSON.stringify(request)).join('\n');

const math = [{ model: 'pocket/math' }];
const both = [
  { model: 'pocket/code', weight: 1 },
  { model: 'pocket/math', weight: 1 },
];
const question = [{ role: 'user', content: 'What is 17 + 25?' }];

describe('generate', () => {
  it('answers every line in order, and a bad line with an error', async () => {
    const requests = [
      JSON.stringify({ id: 'a', experts: math, messages: question, maxTokens: 40, trace: true }),
      'not json',
      JSON.stringify({ id: 7, experts: math }),
      JSON.stringify({ id: 'c', experts: both, prompt: 'const a = ', maxTokens: 4, pool: 'geometric' }),
    ];
    const { code, lines } = await chorusProcess(['generate'], `${requests.join('\n')}\n`);
    // Two of them failed.
    expect(code).toBe(1);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatchObject({
      id: 'a',
      text: '17 + 25 = 42.\nThe answer is \\boxed{42}.',
      stop: 'end',
      promptTokens: 18,
      weights: [1],
      shares: [1],
    });
    const trace = lines[0]?.trace as {
      id: number;
      evaluated: number[];
      logProb: number;
      agreement: number;
    }[];
    expect(trace.map(({ id }) => id)).toEqual(lines[0]?.ids);
    expect(trace[0]).toMatchObject({ evaluated: [0], agreement: 1 });
    expect(lines[1]).toMatchObject({ error: { code: 'request-invalid' } });
    expect(lines[2]).toMatchObject({ id: 7, error: { code: 'request-invalid' } });
    expect(lines[3]).toMatchObject({ id: 'c', stop: 'length', weights: [0.5, 0.5] });
  });

  it('gives a line the same result whatever the lines before it were', async () => {
    const line = (content: string) => ({
      experts: both,
      messages: [{ role: 'user', content }],
      maxTokens: 30,
      temperature: 1,
    });
    const [a, b] = [line('What is 17 + 25?'), line('What is 17 + 26? Then add 5 and tell me about it.')];
    const { code, lines } = await chorus(['generate'], jsonLines([a, b, a, a]));
    expect(code).toBe(0);
    for (const again of [lines[2], lines[3]]) {
      expect(again?.ids).toEqual(lines[0]?.ids);
      expect(again?.promptLogProb).toEqual(lines[0]?.promptLogProb);
    }
  });

  it('mixes a model with itself to the same answer as alone', async () => {
    const alone = { experts: math, messages: question, maxTokens: 30, precision: 'q4' };
    const twice = { ...alone, experts: [...math, ...math] };
    const { lines } = await chorus(['generate'], jsonLines([alone, twice]));
    expect(lines[1]?.ids).toEqual(lines[0]?.ids);
    expect(lines[1]?.shares).toEqual([0.5, 0.5]);
  });

  it.each([
    [{ experts: [] }, /experts/],
    [{ experts: math, weighting: 'loudest', prompt: 'a' }, /weighting/],
    [{ experts: [{ model: 'pocket/math', weight: -1 }], prompt: 'a' }, /weight/],
    [{ experts: [{ model: 'pocket/math', weight: 0 }], prompt: 'a' }, /weight is 0/],
    [{ experts: math, prompt: 'a', messages: question }, /exactly one/],
    [{ experts: math, prompt: 'a', temperature: -1 }, /^'temperature' must be at least 0, not -1\.$/],
    [{ experts: math, prompt: 'a', maxTokens: 'many' }, /^'maxTokens' must be a number, not 'many'\.$/],
    [{ experts: math, prompt: 'a', topK: 1.5 }, /^'topK' must be a whole number, not 1\.5\.$/],
    [{ experts: math, prompt: 'a', pool: 'max' }, /^'pool' must be linear, geometric or power, not 'max'\.$/],
    [{ experts: math, prompt: 'a', stop: [''] }, /^'stop\[0\]' must not be empty\.$/],
    [{ experts: math, prompt: 'a', trace: 1 }, /^'trace' must be true or false, not 1\.$/],
    [{ experts: 'pocket/math', prompt: 'a' }, /^'experts' must be a list, not 'pocket\/math'\.$/],
    [{ experts: math, prompt: 'a', id: {} }, /^'id' must be a text or a number, not an object\.$/],
    [{ experts: math, prompt: 'a', topP: 0 }, /^'topP' must be above 0, not 0\.$/],
    [{ experts: math }, /Give one of 'prompt', 'messages' and 'infill'/],
    [{ prompt: 'a' }, /^'experts' is missing\.$/],
    [{ experts: math, prompt: 'a', tmeperature: 1 }, /tmeperature/],
    [{ experts: [{ model: 'no/such/model' }], prompt: 'a' }, /does not exist/],
    [{ experts: math, prompt: '' }, /empty/],
  ])('refuses %j and names what is wrong', async (request, message) => {
    const { code, lines } = await chorus(['generate'], JSON.stringify(request));
    expect(code).toBe(1);
    expect(lines[0]).toMatchObject({ error: { message: expect.stringMatching(message) } });
    expect(JSON.stringify(lines)).not.toMatch(/Expected|received/);
  });

  it('names what changes nothing, and nothing else', async () => {
    const common = { experts: math, prompt: 'a', maxTokens: 1 };
    const twice = { ...common, experts: both };
    const notesOf = async (requests: readonly object[]) => {
      const { code, lines } = await chorus(['generate'], jsonLines(requests));
      expect(code).toBe(0);
      return lines.map(({ notes }) => (notes === undefined ? '' : (notes as string[]).join(' | ')));
    };
    const idle = await notesOf([
      { ...common, power: 0.3 },
      { ...common, topK: 3, seed: 4 },
      { ...common, routeWithin: 0.2 },
      { ...common, route: 'auto' },
      { ...common, accelerate: 'inTurn' },
      { ...common, experts: [{ ...math[0], base: 'pocket/code' }] },
      { ...twice, route: 'auto', weighting: 'adaptive' },
      { ...twice, route: 'auto', regex: 'a' },
      { ...twice, accelerate: 'lazily', candidates: 2, temperature: 1 },
    ]);
    expect(idle).toEqual([
      "'power' has no effect on the pool 'linear'. Leave it out, or set 'pool' to 'power'.",
      expect.stringMatching(/^'topK', 'seed' have no effect at temperature 0/),
      "'routeWithin' has no effect without routing. Leave it out, or set 'route' to 'auto'.",
      "'route' has no effect where only one expert answers: all experts answer. Leave it out.",
      expect.stringMatching(/^'accelerate' has no effect: 'inTurn' is about/),
      expect.stringMatching(/^'base' of experts\[0\] has no effect/),
      expect.stringMatching(/^'route' has no effect with weighting 'adaptive'/),
      expect.stringMatching(/^'route' has no effect under a grammar/),
      expect.stringMatching(/^'accelerate' is not 'lazily' but 'lookup' here/),
    ]);
    const acting = await notesOf([
      { ...common, pool: 'power', power: 0.3 },
      { ...common, temperature: 1, topK: 3, seed: 4, topP: 0.5, minP: 0.1 },
      { ...common, topK: 0, topP: 1, minP: 0, seed: 0 },
      { ...twice, route: 'auto', routeWithin: 0.2 },
      { ...twice, accelerate: 'inTurn' },
    ]);
    expect(acting).toEqual(['', '', '', '', '']);
  });

  it('takes every option as a flag', async () => {
    const { code, lines } = await chorus([
      'generate',
      ...[
        '--expert',
        'pocket/math=1',
        '--message',
        'What is 17 + 25?',
        '--precision',
        'q4',
        '--max-tokens',
        '5',
      ],
      ...['--temperature', '0', '--top-k', '0', '--stop', '+', '--id', 'f'],
    ]);
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ id: 'f', text: '17 ', stop: 'stop' });
    expect((await chorus(['generate', '--max-tokens', 'many', '--prompt', 'a'])).code).toBe(1);
    const alone = await chorus(['generate', '--prompt', 'a', '--suffix', 'b']);
    expect(alone.code).toBe(1);
    expect(alone.out).toContain('--suffix has no effect without --prefix');
    expect((await chorus(['generate', '--colour', 'red'])).code).toBe(2);
    expect((await chorus(['paint'])).code).toBe(2);
  });

  it('keeps to a regular expression or a JSON schema, given as a field, a flag or a file', async () => {
    const file = join(temporaryFolder(), 'schema.json');
    writeFileSync(file, '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}');
    const asked = ['generate', '--expert', 'pocket/math', '--prompt', 'x', '--max-tokens', '40'];
    const text = (ran: Ran, line = 0): string => String(ran.lines[line]?.text);
    expect(JSON.parse(text(await chorus([...asked, '--json-schema', file])))).toEqual({
      n: expect.any(Number),
    });
    const fields = await chorus(
      ['generate'],
      jsonLines([
        { experts: math, prompt: 'x', jsonSchema: { enum: ['yes'] } },
        { experts: math, prompt: 'x', regex: '(ab|cd){2}' },
      ]),
    );
    expect(text(fields)).toBe('"yes"');
    expect(text(fields, 1)).toMatch(/^(ab|cd){2}$/);
    expect(text(await chorus([...asked, '--regex', '(ab|cd){2}']))).toBe(text(fields, 1));
    for (const wrong of [
      ['--json-schema', 'no-such-file.json'],
      ['--json-schema', '{"type":"no"}'],
      ['--regex', '('],
    ]) {
      const ran = await chorus([...asked, ...wrong]);
      expect(ran.lines[0]).toMatchObject({ error: { code: 'request-invalid' } });
      expect(ran.code).toBe(1);
    }
  });

  it('takes an expert as a veto, which has no share, and none alone or in a score', async () => {
    const asked = ['--message', 'What is 17 + 25?', '--max-tokens', '4'];
    const { lines } = await chorus([
      'generate',
      '--expert',
      'pocket/math',
      '--veto',
      'pocket/code=0.5',
      ...asked,
    ]);
    expect(lines[0]).toMatchObject({ shares: [1, 0], weights: [1, 0] });
    const alone = { experts: [{ model: 'pocket/math', role: 'veto' }], prompt: 'a', continuation: 'b' };
    expect((await chorus(['generate'], JSON.stringify({ ...alone, continuation: undefined }))).out).toContain(
      'Every expert is a veto',
    );
    const scored = { ...alone, experts: [...math, ...alone.experts] };
    expect((await chorus(['score'], JSON.stringify(scored))).out).toContain('without vetoes');
  });

  it('explains itself', async () => {
    const { out: all } = await chorus(['--help']);
    for (const command of Object.keys(helps)) {
      expect(all).toContain(`\n  ${command} `);
      const { code, out } = await chorus(['help', command]);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: chorus ${command}[ \\n]`));
      expect(out).toContain('Exit codes: 0, 1 where something failed, 2 where the command line');
      if (command !== 'eval') expect((await chorus([command, '--help'])).out).toBe(out);
    }
  });
});

describe('score', () => {
  it('gives the continuation’s log-probability under the pool and under each expert', async () => {
    const request = { experts: both, messages: question, continuation: '17 + 25 = 42.' };
    const single = (model: string) => ({ ...request, experts: [{ model }] });
    const { code: exit, lines } = await chorus(
      ['score'],
      jsonLines([request, single('pocket/code'), single('pocket/math'), { ...request, power: 0.3 }]),
    );
    expect(exit).toBe(0);
    expect(lines.map(({ notes }) => notes)).toEqual([
      undefined,
      undefined,
      undefined,
      [expect.stringMatching(/^'power' has no effect/)],
    ]);
    const numbers = lines as unknown as {
      logProb: number;
      expertLogProb: number[];
      tokens: number;
      bytes: number;
    }[];
    const [mixed, code, maths] = numbers;
    if (mixed === undefined || code === undefined || maths === undefined)
      throw new Error('three results expected');
    expect(mixed.bytes).toBe(13);
    expect(mixed.expertLogProb[0]).toBeCloseTo(code.logProb, 3);
    expect(mixed.expertLogProb[1]).toBeCloseTo(maths.logProb, 3);
    // A linear pool of even weights loses at most log 2 a token against its best expert.
    expect(mixed.logProb).toBeGreaterThan(maths.logProb - Math.log(2) * mixed.tokens);
  });
});

describe('chat', () => {
  it('answers, completes, changes the mix, and leaves', async () => {
    const { code, out } = await chorus(
      ['chat', '--pocket'],
      'What is 17 + 25?\n/off code\n/complete const total = \n/weight math -1\n/quit\n',
    );
    expect(code).toBe(0);
    expect(out).toContain('42');
    expect(out).toMatch(/math \d+ %/);
    expect(out).toContain('pocket/code off, pocket/math 1');
    expect(out).toContain('A weight is a number of at least 0');
  });
});

describe('advise', () => {
  const sources = ['src/core/exp.ts', 'src/core/weights.ts'].flatMap((name) => ['--file', join(root, name)]);

  it('prints one line with the chosen set, and a table for people', async () => {
    const models = ['--model', 'pocket/math', '--model', 'pocket/code'];
    const { code, lines, err } = await chorus(['advise', ...models, ...sources, '--table']);
    expect(code).toBe(0);
    expect(lines).toHaveLength(1);
    const { chosen, rows, memoryLimit, unmeasured } = lines[0] ?? {};
    expect(rows).toMatchObject([
      { kind: 'alone', members: [{ id: 'pocket/code', weight: 1 }] },
      { kind: 'alone', members: [{ id: 'pocket/math', weight: 1 }] },
      {},
    ]);
    expect(rows).toContainEqual(chosen);
    expect([memoryLimit, unmeasured]).toEqual([null, []]);
    expect(err).toContain('| pocket/code | ');
  });

  it.each([
    [['--file', 'a'], 2, /--model/],
    [['--model', 'pocket/code'], 2, /--file/],
    [['--model', 'pocket/code', '--file', 'nowhere.ts'], 1, /nowhere\.ts cannot be read/],
    [['--model', 'pocket/code', '--file', 'a', '--memory-limit', 'x'], 2, /memory-limit/],
    [['--model', 'pocket/code', '--wrong'], 2, /--wrong/],
  ])('refuses %j with %i and a line that says why', async (args, exit, why) => {
    const { code, lines } = await chorus(['advise', ...args]);
    expect(code).toBe(exit);
    expect(lines[0]).toMatchObject({ error: { message: expect.stringMatching(why) } });
  });
});

describe('the program', () => {
  it('can be started by a shell, as npm links it', () => {
    expect(readFileSync(join(programs, 'cli.js'), 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true);
  });

  it('ends with 1 where any line failed and 0 where none did, answers all the others, and says so in its help', async () => {
    const good = { experts: math, prompt: 'a', continuation: 'b' };
    const mixed = await chorusProcess(['score'], `${JSON.stringify(good)}\nno\n${JSON.stringify(good)}\n`);
    expect(mixed.code).toBe(1);
    expect(mixed.lines.map((line) => 'error' in line)).toEqual([false, true, false]);
    expect((await chorusProcess(['score'], `\n${JSON.stringify(good)}\n`)).code).toBe(0);
    const { code, out } = await chorusProcess(['score', '--help'], '');
    expect(code).toBe(0);
    expect(out).toContain('Exit codes: 0, 1 where something failed');
  });

  it.each(Object.keys(helps).filter((command) => command !== 'eval'))(
    '%s ends with 2 where a flag is not known',
    async (command) => {
      const { code, out, err } = await chorus([command, '--colour', 'red']);
      expect(code).toBe(2);
      expect(out + err).toMatch(/--colour/);
    },
  );

  it('says which flags chat does not take', async () => {
    const { code, err } = await chorus(['chat', '--expert', 'pocket/math']);
    expect(code).toBe(2);
    expect(err).toMatch(/^Unknown option '--expert'/);
    expect((await chorus(['chat', '--after', 'install'])).err).toMatch(/^--after is a stage/);
  });
});
