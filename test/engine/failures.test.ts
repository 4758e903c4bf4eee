import { describe, expect, it } from 'vitest';
import { pocket, programs, setting, temporaryFolder } from '../programs.ts';
import { ask, changedModel, ENDLESS, engineForFile, even, failed, generated, renamedToken } from './bench.ts';

const bench = engineForFile();

describe('what cannot work says why', () => {
  it('no expert', async () => {
    bench.engine.configure({
      ...even,
      experts: [setting('code', { active: false }), setting('math', { weight: 0 })],
    });
    expect(failed(await bench.engine.generate(ask('Hi'))).code).toBe('no-expert');
  });

  it('a missing model, with its file; the other expert answers alone', async () => {
    const broken = setting('broken', { folder: '/nowhere' });
    bench.engine.configure({ ...even, experts: [broken] });
    expect(failed(await bench.engine.generate(ask('Hi')))).toMatchObject({
      code: 'file-missing',
      file: '/nowhere',
    });
    bench.engine.configure({ ...even, experts: [broken, setting('math')] });
    expect(Object.keys(generated(await bench.engine.generate(ask('What is 1 + 2?'))).shares)).toEqual([
      'math',
    ]);
    expect(bench.statuses.find(({ id }) => id === 'broken')?.state.kind).toBe('failed');
  });

  it('a prompt that does not fit', async () => {
    bench.engine.configure(even);
    const { code, message } = failed(await bench.engine.generate(ask('word '.repeat(3000))));
    expect(code).toBe('context-full');
    expect(message).toMatch(/reads at most 1024/);
  });

  it('an empty prompt', async () => {
    bench.engine.configure(even);
    expect(failed(await bench.engine.generate(ask('', { prompt: { kind: 'text', text: '' } }))).code).toBe(
      'request-invalid',
    );
  });

  it('a chat template that raises, with its file; the next request is not harmed', async () => {
    const folder = changedModel(temporaryFolder(), 'tokenizer_config.json', (json) => ({
      ...json,
      chat_template: "{{ raise_exception('no roles') }}",
    }));
    bench.engine.configure({ ...even, experts: [setting('odd', { folder }), setting('math')] });
    const failure = failed(await bench.engine.generate(ask('Hi')));
    expect(failure.code).toBe('template-invalid');
    expect(failure.file).toMatch(/tokenizer_config\.json$/);
    expect(failure.message).toMatch(/no roles/);
    bench.engine.configure({ ...even, experts: [setting('math')] });
    generated(await bench.engine.generate(ask('What is 1 + 2?')));
  });
});

describe('a change of the mix that does not fit', () => {
  const withJoiner = async (joiner: Parameters<typeof setting>[1]) => {
    const long = ask('', { prompt: { kind: 'text', text: ENDLESS }, maxTokens: 40, trace: true });
    bench.engine.configure({
      ...even,
      experts: [setting('code'), setting('joiner', { ...joiner, weight: 0 })],
    });
    await bench.engine.load();
    let raised = false;
    const result = generated(
      await bench.engine.generate(long, {
        onDelta: () => {
          if (raised) return;
          raised = true;
          bench.engine.configure({ ...even, experts: [setting('code'), setting('joiner', joiner)] });
        },
      }),
    );
    return result.trace?.at(-1)?.evaluated;
  };

  it('leaves the newcomer out and the answer goes on', async () => {
    const folder = changedModel(temporaryFolder(), 'tokenizer.json', renamedToken);
    expect(await withJoiner({ folder })).toEqual(['code']);
    // Negative control: one that fits joins.
    expect(await withJoiner({ folder: pocket('general') })).toEqual(['code', 'joiner']);
  });

  it('does not fail where an expert leaves while the prompt is read', async () => {
    const { engine } = bench;
    for (const wait of [0, 2, 5, 10, 20]) {
      engine.configure({ ...even, weighting: 'prompt' });
      await engine.load();
      const long = ask('word '.repeat(150), { maxTokens: 4 });
      const answer = engine.generate(long);
      await new Promise((resolve) => setTimeout(resolve, wait));
      engine.configure({
        ...even,
        weighting: 'prompt',
        experts: [setting('code', { active: false }), setting('math')],
      });
      generated(await answer);
    }
  });
});

describe('while experts load', () => {
  // Opened anew each time.
  const bench = engineForFile({ programs });

  it('does not fail where an expert is switched off and on, or changed, while it loads', async () => {
    const { engine } = bench;
    engine.configure({ ...even, experts: [] });
    engine.configure(even);
    const answer = engine.generate(ask('What is 1 + 2?'));
    await new Promise((resolve) => setTimeout(resolve, 15));
    engine.configure({
      ...even,
      experts: [setting('code', { active: false }), setting('math', { active: false })],
    });
    engine.configure({ ...even, experts: [setting('code'), setting('math', { precision: 'auto' })] });
    expect(Object.keys(generated(await answer).shares)).toEqual(['code', 'math']);
  });

  it('a cancelled request ends', async () => {
    bench.engine.configure({ ...even, experts: [] });
    bench.engine.configure(even);
    expect(failed(await bench.engine.generate(ask('Hi'), { signal: AbortSignal.abort() })).code).toBe(
      'cancelled',
    );
  });
});

describe('a cancelled request', () => {
  it('does no work when its turn comes', async () => {
    const { engine } = bench;
    engine.configure(even);
    await engine.load();
    const controller = new AbortController();
    const first = engine.generate(ask('What is 17 + 25?'));
    const second = engine.generate(ask('What is 1 + 2?'), { signal: controller.signal });
    controller.abort();
    generated(await first);
    expect(failed(await second).code).toBe('cancelled');
  });
});
