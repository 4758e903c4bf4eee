import { describe, expect, it } from 'vitest';
import { chatMessages } from '../../src/extension/native-messages.ts';
import { nativeModels } from '../../src/extension/native-models.ts';
import { checkSettings } from '../../src/extension/setting-rules.ts';

const { values } = checkSettings(() => undefined);
const known = ['pocket/general', 'pocket/code', 'pocket/math'];

describe('the models of the picker', () => {
  const models = nativeModels(values, known);

  it('are the present mix, the ready ones and each expert alone, each once', () => {
    const ids = models.map(({ id }) => id);
    expect(ids[0]).toBe('present');
    expect(ids).toContain('mix/all-three');
    for (const id of known) expect(ids).toContain(`expert/${id}`);
    expect(new Set(ids).size).toBe(ids.length);
    const mixes = models.slice(1).map(({ mix }) => JSON.stringify(mix));
    expect(new Set(mixes).size).toBe(mixes.length);
  });

  it('begin with the present mix where the editor sorts them by name', () => {
    const sorted = [...models].sort((one, other) => one.name.localeCompare(other.name));
    expect(sorted[0]?.id).toBe('present');
  });

  it('are mixed as they say', () => {
    const of = (id: string) => models.find((model) => model.id === id);
    expect(of('present')?.mix).toBeUndefined();
    expect(of('mix/code-first')?.mix).toEqual({
      weights: { 'pocket/code': 0.9, 'pocket/math': 0.1 },
      pool: { kind: 'linear' },
      weighting: 'fixed',
    });
    expect(of('expert/pocket/math')).toMatchObject({
      experts: ['pocket/math'],
      name: 'Chorus: pocket/math alone',
    });
  });

  it('leave out a ready mix that comes to the one in force', () => {
    const even = { ...values, 'mix.weighting': 'fixed' } as const;
    expect(nativeModels(even, known).map(({ id }) => id)).not.toContain('mix/code-and-maths');
    expect(models.map(({ id }) => id)).toContain('mix/code-and-maths');
  });

  it('take the weights of the chat, and no expert of weight 0', () => {
    const chat = { ...values, 'chat.weights': { 'pocket/code': 0 }, 'experts.active': known };
    expect(nativeModels(chat, known)[0]?.experts).toEqual(['pocket/general', 'pocket/math']);
  });
});

describe('the messages of the editor', () => {
  const text = (value: string) => ({ value });

  it('are text by role, neighbours of one role joined', () => {
    const read = chatMessages([
      { role: 3, content: [text('Be brief.')] },
      { role: 1, content: [text('a'), text('b')] },
      { role: 1, content: [text('c')] },
      { role: 2, content: [text('d')] },
      { role: 1, content: [text(' '), { mimeType: 'cache_control', data: new Uint8Array() }] },
    ]);
    expect(read).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'ab\n\nc' },
      { role: 'assistant', content: 'd' },
    ]);
  });

  it('are refused with a sentence where they hold anything else', () => {
    const ask = (part: unknown) => chatMessages([{ role: 1, content: [text('What is this?'), part] }]);
    expect(ask({ mimeType: 'image/png', data: new Uint8Array() })).toMatch(/no images/);
    expect(ask({ callId: '1', name: 'x', input: {} })).toMatch(/no tools/);
    expect(ask({ mimeType: 'application/json', data: new Uint8Array() })).toMatch(/text only/);
    expect(ask({ value: { type: 'tsx' } })).toMatch(/text only/);
    expect(chatMessages([])).toMatch(/no question/);
  });
});
