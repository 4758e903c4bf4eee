/** `chorus serve` as a process, asked by OpenAI's own client. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderOfFile, programs } from '../programs.ts';

const cache = folderOfFile();
let child: ChildProcess;
let printed = '';
let baseURL = '';
let client: OpenAI;

async function start(...args: string[]): Promise<{ process: ChildProcess; said: string; url: string }> {
  const started = spawn(process.execPath, [join(programs, 'cli.js'), 'serve', '--port', '0', ...args], {
    env: { ...process.env, CHORUS_CACHE: cache },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of started.stdout ?? []) {
    said += String(chunk);
    if (said.includes('Ctrl+C')) break;
  }
  return { process: started, said, url: /http:\S+/.exec(said)?.[0] ?? '' };
}

beforeAll(async () => {
  const started = await start('--pocket');
  child = started.process;
  printed = started.said;
  baseURL = started.url;
  client = new OpenAI({
    baseURL,
    apiKey: readFileSync(join(cache, 'serve.key'), 'utf8').trim(),
    maxRetries: 0,
  });
});
afterAll(async () => {
  child.kill('SIGTERM');
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  expect(code).toBe(0);
});

/** Who said what: a field of our own, which the client hands through. */
interface Said {
  readonly shares: Record<string, number>;
  readonly weights: Record<string, number>;
  readonly agreement: number;
}
const saidBy = (answer: object): Said => (answer as { chorus: Said }).chorus;

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

const sum = { role: 'user' as const, content: 'What is 17 + 25?' };
const fill = {
  model: 'chorus',
  prompt: 'def add(a, b):\n    return ',
  suffix: '\n\nprint(add(1, 2))',
  stop: '\n',
};
/** An answer that is as long as it may be. */
const numbers = {
  type: 'json_schema' as const,
  json_schema: { name: 'numbers', schema: { type: 'array', minItems: 400, items: { enum: [1, 2] } } },
};
const long = { model: 'pocket/code', messages: [sum], max_tokens: 500, response_format: numbers };

describe('the key', () => {
  it('is made once, printed once, and readable by the user alone', async () => {
    const file = join(cache, 'serve.key');
    expect(printed).toContain(readFileSync(file, 'utf8').trim());
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await start('--pocket');
    again.process.kill('SIGTERM');
    expect(again.said).not.toContain(readFileSync(file, 'utf8').trim());
  });

  it('is asked for: a wrong one and none are refused', async () => {
    for (const apiKey of ['wrong', 'x'.repeat(43)]) {
      const stranger = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
      await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
    }
    expect((await fetch(`${baseURL}/models`)).status).toBe(401);
  });
});

describe('models', () => {
  it('are the mix in use, ready mixes, and each expert, one of which can be asked for', async () => {
    const ids = (await client.models.list()).data.map(({ id }) => id);
    expect(ids).toEqual(['chorus', 'mix/pocket', 'pocket/code', 'pocket/math', 'pocket/general']);
    expect((await client.models.retrieve('pocket/math')).id).toBe('pocket/math');
    await expect(client.models.retrieve('gpt-4')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });
});

describe('chat', () => {
  it('answers, and says who said what', async () => {
    const answer = await client.chat.completions.create({ model: 'chorus', messages: [sum], max_tokens: 60 });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', logprobs: null });
    expect(answer.choices[0]?.message.content).toContain('42');
    expect(answer.usage?.total_tokens).toBeGreaterThan(answer.usage?.prompt_tokens ?? 0);
    const { shares, weights, agreement } = saidBy(answer);
    expect(Object.keys(shares)).toEqual(['pocket/code', 'pocket/math']);
    expect(Object.values(shares).reduce((a, b) => a + b)).toBeCloseTo(1, 9);
    expect(Object.values(weights).reduce((a, b) => a + b)).toBeCloseTo(1, 9);
    expect(agreement).toBeGreaterThan(0);
    expect(agreement).toBeLessThan(1);
  });

  it('streams what it answers whole, with usage at the end where that is asked for', async () => {
    const asked = { model: 'pocket/math', messages: [sum], max_tokens: 60 };
    const whole = await client.chat.completions.create(asked);
    const stream = await client.chat.completions.create({
      ...asked,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await all(stream);
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(saidBy(whole).shares).toEqual({ 'pocket/math': 1 });
  });

  it('gives probabilities of the tokens and of others, the same whole and streamed', async () => {
    const asked = { model: 'chorus', messages: [sum], max_tokens: 30, logprobs: true, top_logprobs: 3 };
    const whole = await client.chat.completions.create(asked);
    const rows = whole.choices[0]?.logprobs?.content ?? [];
    expect(rows.map(({ token }) => token).join('')).toBe(whole.choices[0]?.message.content);
    for (const { token, logprob, top_logprobs } of rows) {
      expect(top_logprobs).toHaveLength(3);
      // The most probable is what is taken at temperature 0.
      expect(top_logprobs[0]).toMatchObject({ token, logprob });
      expect(top_logprobs.reduce((mass, top) => mass + Math.exp(top.logprob), 0)).toBeLessThanOrEqual(
        1 + 1e-9,
      );
    }
    const stream = await client.chat.completions.create({ ...asked, stream: true });
    const streamed = (await all(stream)).flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []);
    expect(streamed).toEqual(rows);
  });

  it('follows a JSON schema', async () => {
    const schema = {
      type: 'object',
      properties: { a: { enum: [1, 2] } },
      required: ['a'],
      additionalProperties: false,
    };
    const { choices } = await client.chat.completions.create({
      model: 'chorus',
      messages: [sum],
      max_tokens: 100,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
    });
    expect([1, 2]).toContain(JSON.parse(choices[0]?.message.content ?? '').a);
  });
});

describe('completions', () => {
  it('fill in between prompt and suffix, which changes what is written', async () => {
    const filled = await client.completions.create({ ...fill, logprobs: 2 });
    const [choice] = filled.choices;
    expect(choice).toMatchObject({ text: 'a + b', finish_reason: 'stop' });
    expect(choice?.logprobs?.tokens?.join('')).toBe('a + b');
    expect(choice?.logprobs?.text_offset?.[0]).toBe(0);
    expect(Object.keys(choice?.logprobs?.top_logprobs?.[0] ?? {})).toHaveLength(2);
    const { suffix, ...without } = fill;
    const plain = await client.completions.create({ ...without, echo: true });
    expect(plain.choices[0]?.text).toMatch(/^def add\(a, b\):\n {4}return /);
    expect(plain.usage?.prompt_tokens).toBeLessThan(filled.usage?.prompt_tokens ?? 0);
  });

  it('stream, with the echo first', async () => {
    const whole = await client.completions.create({ ...fill, echo: true });
    const stream = await client.completions.create({ ...fill, echo: true, stream: true });
    const text = (await all(stream)).map(({ choices }) => choices[0]?.text ?? '').join('');
    expect(text).toBe(whole.choices[0]?.text);
  });
});

describe('several requests', () => {
  it('to one model and to two are all answered, as each alone', async () => {
    const ask = async (model: string) =>
      (await client.chat.completions.create({ model, messages: [sum], max_tokens: 20 })).choices[0]?.message
        .content;
    const alone = [await ask('pocket/code'), await ask('pocket/math'), await ask('pocket/code')];
    expect(await Promise.all(['pocket/code', 'pocket/math', 'pocket/code'].map(ask))).toEqual(alone);
  });

  it('wait for one to another model, and no longer than until it is given up', async () => {
    const order: string[] = [];
    const other = () =>
      client.chat.completions
        .create({ model: 'pocket/math', messages: [sum], max_tokens: 5 })
        .then(() => order.push('other'));
    // The control: an answer that nobody gives up is waited for.
    const first = await client.chat.completions.create({ ...long, max_tokens: 60, stream: true });
    const waiting = other();
    await all(first);
    order.push('long');
    await waiting;
    expect(order).toEqual(['long', 'other']);

    const given = await client.chat.completions.create({ ...long, stream: true });
    const began = performance.now();
    for await (const _ of given) break;
    await other();
    const freed = performance.now() - began;
    const whole = await client.chat.completions.create(long);
    expect(whole.usage?.completion_tokens).toBe(500);
    expect(freed).toBeLessThan((performance.now() - began - freed) / 2);
  });
});

describe('what cannot be done is refused by name', () => {
  const refusals: [string, object, object][] = [
    [
      'an image',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      { code: 'unsupported_content' },
    ],
    [
      'tools',
      { tools: [{ type: 'function', function: { name: 'f' } }] },
      { code: 'unsupported_parameter', param: 'tools' },
    ],
    ['an unknown parameter', { colour: 'red' }, { code: 'unknown_parameter', param: 'colour' }],
    ['several answers', { n: 2 }, { param: 'n' }],
    ['a penalty', { presence_penalty: 0.5 }, { param: 'presence_penalty' }],
    ['a bias', { logit_bias: { 5: 10 } }, { param: 'logit_bias.5' }],
    ['no messages', { messages: [] }, { param: 'messages' }],
    ['a temperature that is none', { temperature: 3 }, { param: 'temperature' }],
    ['top_logprobs alone', { top_logprobs: 2 }, { param: 'top_logprobs' }],
    [
      'a grammar that cannot be followed',
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { not: {} } } } },
      {},
    ],
    ['another model', { model: 'gpt-4' }, { status: 404, code: 'model_not_found' }],
    [
      'a prompt that is too long',
      { messages: [{ role: 'user', content: 'word '.repeat(4000) }] },
      { code: 'context_length_exceeded' },
    ],
  ];
  it('several prompts at once, of which one alone would be answered', async () => {
    const asked = client.completions.create({ model: 'chorus', prompt: ['a', 'b'], max_tokens: 2 });
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'prompt' });
  });

  it.each(refusals)('%s', async (_, change, expected) => {
    const asked = { model: 'chorus', messages: [sum], max_tokens: 5 };
    await expect(client.chat.completions.create({ ...asked, ...change })).rejects.toMatchObject({
      status: 400,
      ...expected,
    });
  });

  it('and what clients send as a matter of course is taken', async () => {
    const answer = await client.chat.completions.create({
      model: 'chorus',
      messages: [{ role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] }, sum],
      max_completion_tokens: 5,
      n: 1,
      user: 'me',
      presence_penalty: 0,
      logit_bias: {},
      tools: [],
      stop: null,
      temperature: 0.7,
      seed: 3,
    });
    expect(answer.usage?.completion_tokens).toBe(5);
  });
});
