import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { setting, temporaryFolder } from '../programs.ts';
import { ask, engineForFile, even, generated } from './bench.ts';
import { renumberedModel } from './renumbered.ts';

const bench = engineForFile();
const hot = (seed: number) => ({ temperature: 2, topK: 0, topP: 1, minP: 0, seed });
const length = { kind: 'regex', pattern: '-?\\d{1,3}(\\.\\d)?(px|em|%)' } as const;
const schema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 12 },
    age: { type: 'integer', minimum: 0, maximum: 120 },
    tags: { type: 'array', items: { enum: ['x', 'y'] }, maxItems: 3 },
  },
  required: ['name', 'age'],
};

describe('pocket experts at high temperature under a grammar', () => {
  it('write what a regular expression matches; without it they do not', async () => {
    bench.engine.configure(even);
    let free = 0;
    for (let seed = 0; seed < 12; seed++) {
      const request = ask('How wide is it?', { sampling: hot(seed), maxTokens: 12 });
      const { text, stop } = generated(await bench.engine.generate({ ...request, grammar: length }));
      expect(stop).toBe('end');
      expect(text).toMatch(/^-?\d{1,3}(\.\d)?(px|em|%)$/);
      if (/^-?\d{1,3}(\.\d)?(px|em|%)$/.test(generated(await bench.engine.generate(request)).text)) free++;
    }
    expect(free).toBe(0);
  });

  it('write JSON that an independent validator accepts', async () => {
    bench.engine.configure(even);
    const validate = new Ajv2020().compile(schema);
    for (let seed = 0; seed < 8; seed++) {
      const request = ask('Describe a person.', {
        sampling: hot(seed),
        maxTokens: 200,
        grammar: { kind: 'json', schema },
      });
      const { text, stop } = generated(await bench.engine.generate(request));
      expect(stop).toBe('end');
      expect(validate(JSON.parse(text)), text).toBe(true);
    }
  });

  it('begin with the word at the cursor first, which the grammar is not about', async () => {
    bench.engine.configure(even);
    const prompt = { kind: 'infill', prefix: 'const width = 4', suffix: ';\n', file: 'a.ts' } as const;
    for (let seed = 0; seed < 6; seed++) {
      const request = ask('', {
        prompt,
        sampling: hot(seed),
        grammar: { kind: 'regex', pattern: '[0-9]{2}' },
      });
      expect(generated(await bench.engine.generate(request)).text).toMatch(/^\d\d$/);
    }
  });

  it('are not asked where the grammar is not valid: the error names what is wrong', async () => {
    bench.engine.configure(even);
    const outcome = await bench.engine.generate(ask('Hi', { grammar: { kind: 'regex', pattern: '(' } }));
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { code: 'request-invalid', message: expect.stringContaining('Unterminated group') },
    });
  });

  it('write the same with guesses from the prompt as without', async () => {
    bench.engine.configure({
      ...even,
      experts: even.experts.map((expert) => ({ ...expert, precision: 'fp32' })),
    });
    const prompt = { kind: 'text', text: '{"a": 1, "b": 2}\n{"a": 1, "b": 2}\n' } as const;
    const request = ask('', { prompt, maxTokens: 24, grammar: { kind: 'json' } });
    const plain = generated(await bench.engine.generate(request));
    for (const accelerate of ['lookup', 'inTurn', 'lazily', 'auto'] as const) {
      expect(generated(await bench.engine.generate({ ...request, accelerate })).ids).toEqual(plain.ids);
    }
  });

  it('keep to it where their vocabularies differ and they are mixed by bytes', async () => {
    bench.engine.configure({
      ...even,
      experts: [setting('code'), setting('renumbered', { folder: renumberedModel(temporaryFolder()) })],
    });
    for (let seed = 0; seed < 3; seed++) {
      const request = ask('How wide?', { sampling: hot(seed), grammar: length });
      const { text, unit, stop } = generated(await bench.engine.generate(request));
      expect(unit).toBe('byte');
      expect(stop).toBe('end');
      expect(text).toMatch(/^-?\d{1,3}(\.\d)?(px|em|%)$/);
    }
  });
});
