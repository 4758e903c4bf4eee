import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMaths } from '../../src/extension/maths-process.ts';
import { programs } from '../programs.ts';

const maths = createMaths({ script: join(programs, 'maths.js'), log: () => {}, limitMs: 5000 });
afterAll(() => maths.dispose());

describe('the algebra in its own process', () => {
  it('answers', async () => {
    const answer = await maths.ask({ kind: 'evaluate', expression: '17 + 25' });
    expect(answer).toMatchObject({ kind: 'value', value: { text: '42' } });
  });

  it('gives up what takes too long or too much, and answers the next question', async () => {
    const began = Date.now();
    const hostile = ['9^9^9^9', '(10^7)!', '\\prod_{i=1}^{10^8} (x+i)'];
    const quick = createMaths({ script: join(programs, 'maths.js'), log: () => {}, limitMs: 1500 });
    try {
      for (const expression of hostile) {
        const answer = await quick.ask({ kind: 'evaluate', expression });
        if (answer.kind === 'failed') expect(answer.why).toMatch(/[.]$/);
      }
      expect(Date.now() - began).toBeLessThan(3 * 1500 + 3000);
    } finally {
      quick.dispose();
    }
    expect(await maths.ask({ kind: 'evaluate', expression: '2*3' })).toMatchObject({ value: { text: '6' } });
  });

  it('ends at once when the question is cancelled, and says so', async () => {
    const controller = new AbortController();
    const expression = '\\prod_{i=1}^{10^8} (x+i)';
    const asked = maths.ask({ kind: 'evaluate', expression }, controller.signal);
    setTimeout(() => controller.abort(), 100);
    expect(await asked).toEqual({ kind: 'failed', why: 'The question was cancelled.' });
    expect(await maths.ask({ kind: 'evaluate', expression: '1+1' })).toMatchObject({ value: { text: '2' } });
  });
});
