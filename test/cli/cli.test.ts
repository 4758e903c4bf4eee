/** The scripting interface as scripts use it: a process, lines in, lines out. */

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder, programs, root, temporaryFolder } from '../programs.ts';

interface Ran {
  readonly code: number | null;
  readonly lines: Record<string, unknown>[];
  readonly out: string;
  readonly err: string;
}

async function chorus(args: readonly string[], input = ''): Promise<Ran> {
  // Whatever the user has fetched, the tests start without it.
  const env = { ...process.env, CHORUS_CACHE: cacheFolder };
  const child = spawn(process.execPath, [join(programs, 'cli.js'), ...args], { env });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, lines, out, err };
}

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
    const { code, lines } = await chorus(['generate'], `${requests.join('\n')}\n`);
    expect(code).toBe(0);
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
    const { lines } = await chorus(
      ['generate'],
      [a, b, a, a].map((request) => JSON.stringify(request)).join('\n'),
    );
    for (const again of [lines[2], lines[3]]) {
      expect(again?.ids).toEqual(lines[0]?.ids);
      expect(again?.promptLogProb).toEqual(lines[0]?.promptLogProb);
    }
  });

  it('mixes a model with itself to the same answer as alone', async () => {
    const alone = { experts: math, messages: question, maxTokens: 30, precision: 'q4' };
    const twice = { ...alone, experts: [...math, ...math] };
    const { lines } = await chorus(['generate'], `${JSON.stringify(alone)}\n${JSON.stringify(twice)}`);
    expect(lines[1]?.ids).toEqual(lines[0]?.ids);
    expect(lines[1]?.shares).toEqual([0.5, 0.5]);
  });

  it.each([
    [{ experts: [] }, /experts/],
    [{ experts: math, weighting: 'loudest', prompt: 'a' }, /weighting/],
    [{ experts: [{ model: 'pocket/math', weight: -1 }], prompt: 'a' }, /weight/],
    [{ experts: [{ model: 'pocket/math', weight: 0 }], prompt: 'a' }, /weight is 0/],
    [{ experts: math, prompt: 'a', messages: question }, /exactly one/],
    [{ experts: math, prompt: 'a', temperature: -1 }, /temperature/],
    [{ experts: math, prompt: 'a', tmeperature: 1 }, /tmeperature/],
    [{ experts: [{ model: 'no/such/model' }], prompt: 'a' }, /does not exist/],
    [{ experts: math, prompt: '' }, /empty/],
  ])('refuses %j and names what is wrong', async (request, message) => {
    const { code, lines } = await chorus(['generate'], JSON.stringify(request));
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ error: { message: expect.stringMatching(message) } });
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
    expect((await chorus(['generate', '--colour', 'red'])).code).toBe(2);
    expect((await chorus(['paint'])).code).toBe(2);
  });

  it('keeps to a regular expression or a JSON schema, given as a field, a flag or a file', async () => {
    const file = join(temporaryFolder(), 'schema.json');
    writeFileSync(file, '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}');
    const asked = ['generate', '--expert', 'pocket/math', '--prompt', 'x', '--max-tokens', '40'];
    const text = (ran: Ran): string => String(ran.lines[0]?.text);
    expect(text(await chorus([...asked, '--regex', '(ab|cd){2}']))).toMatch(/^(ab|cd){2}$/);
    expect(JSON.parse(text(await chorus([...asked, '--json-schema', file])))).toEqual({
      n: expect.any(Number),
    });
    const line = JSON.stringify({ experts: math, prompt: 'x', jsonSchema: { enum: ['yes'] } });
    expect(text(await chorus(['generate'], line))).toBe('"yes"');
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
    for (const args of [['--help'], ['generate', '--help'], ['score', '--help']]) {
      const { code, out } = await chorus(args);
      expect(code).toBe(0);
      expect(out).toMatch(/Usage: chorus/);
    }
  });
});

describe('score', () => {
  it('gives the continuation’s log-probability under the pool and under each expert', async () => {
    const request = { experts: both, messages: question, continuation: '17 + 25 = 42.' };
    const single = (model: string) => ({ ...request, experts: [{ model }] });
    const { lines } = await chorus(
      ['score'],
      [request, single('pocket/code'), single('pocket/math')].map((line) => JSON.stringify(line)).join('\n'),
    );
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
      ['chat'],
      'What is 17 + 25?\n/off code\n/complete const total = \n/weight math -1\n/quit\n',
    );
    expect(code).toBe(0);
    expect(out).toContain('42');
    expect(out).toMatch(/math \d+ %/);
    expect(out).toContain('code off, math 1');
    expect(out).toContain('A weight is a number of at least 0');
  });
});

describe('advise', () => {
  const sources = ['src/core/sampler.ts', 'src/core/weights.ts'].flatMap((name) => [
    '--file',
    join(root, name),
  ]);

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
    [['--file', 'a'], /--model/],
    [['--model', 'pocket/code'], /--file/],
    [['--model', 'pocket/code', '--file', 'nowhere.ts'], /nowhere\.ts cannot be read/],
    [['--model', 'pocket/code', '--file', 'a', '--memory-limit', 'x'], /memory-limit/],
    [['--model', 'pocket/code', '--wrong'], /--wrong/],
  ])('refuses %j with a line that says why', async (args, why) => {
    const { code, lines } = await chorus(['advise', ...args]);
    expect(code).toBe(1);
    expect(lines[0]).toMatchObject({ error: { message: expect.stringMatching(why) } });
  });
});

describe('the program', () => {
  it('can be started by a shell, as npm links it', () => {
    expect(readFileSync(join(programs, 'cli.js'), 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true);
  });

  it('says that chat takes no flags', async () => {
    const { code, err } = await chorus(['chat', '--expert', 'pocket/math']);
    expect(code).toBe(2);
    expect(err).toMatch(/^chat takes no --expert\./);
  });
});
