import { describe, expect, it } from 'vitest';
import { nextSteps } from '../../src/extension/next-step.ts';
import { answerMaths } from '../../src/maths/answer.ts';
import type { Generated, GenerateOutcome, GenerateRequest } from '../../src/protocol/engine.ts';
import { derivationSteps, insertedStep } from '../../src/text/derivation.ts';

const text = '2x + 3 = 7\n2x = 4';

/** Experts that write these lines in turn. */
async function ask(lines: readonly string[], signal = new AbortController().signal) {
  const requests: GenerateRequest[] = [];
  const found = await nextSteps(text, derivationSteps(text), {
    signal,
    maths: { ask: async (question) => answerMaths(question) },
    generate: async (request): Promise<GenerateOutcome> => {
      requests.push(request);
      const result = { text: lines[requests.length - 1] ?? '' } as Generated;
      return { kind: 'generated', result };
    },
  });
  return { found, requests };
}

describe('the next step of a derivation', () => {
  it('is the likeliest one, where it holds', async () => {
    const { found, requests } = await ask(['x = 2']);
    expect(found).toMatchObject([{ step: 'x = 2', verdict: { kind: 'true' } }]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      prompt: { prefix: '2x + 3 = 7\n2x = 4\n' },
      sampling: { temperature: 0 },
    });
  });

  it('is sought again where it is wrong, repeats, or is prose', async () => {
    const { found } = await ask(['x = 3', '2x = 4', 'and so on', 'x = 2']);
    expect(found).toMatchObject([
      { step: 'x = 2', verdict: { kind: 'true' } },
      { step: 'x = 3', verdict: { kind: 'false' } },
    ]);
  });

  it('is not there where nothing but prose comes', async () => {
    expect((await ask(['', 'so', 'it', 'goes'])).found).toEqual([]);
  });

  it('is not sought any more once it was cancelled', async () => {
    const controller = new AbortController();
    controller.abort();
    expect((await ask(['x = 2'], controller.signal)).found).toBe('');
  });
});

describe('a step written into its text', () => {
  const written = (before: string, after = ''): string => {
    const { at, inserted } = insertedStep(before + after, before.length, 'x = 2');
    const whole = before + after;
    return whole.slice(0, at) + inserted + whole.slice(at);
  };

  it('stands on a line of its own, indented as the one before', () => {
    expect(written('  2x = 4')).toBe('  2x = 4\n  x = 2');
    expect(written('2x = 4', '.\nSo')).toBe('2x = 4.\nx = 2\nSo');
    expect(written('a\r\n2x = 4', '\r\n')).toBe('a\r\n2x = 4\r\nx = 2\r\n');
  });

  it('is a formula after a formula', () => {
    expect(written('$2x = 4', '$\n')).toBe('$2x = 4$\n\n$x = 2$\n');
    expect(written('\\[2x = 4', '\\]')).toBe('\\[2x = 4\\]\n\n\\[x = 2\\]');
  });

  it('is a row after a row', () => {
    expect(written('\\begin{align}\n  2x &= 4', '\n\\end{align}')).toBe(
      '\\begin{align}\n  2x &= 4 \\\\\n  x = 2\n\\end{align}',
    );
    expect(written('2x &= 4', ' \\\\\n')).toBe('2x &= 4 \\\\\nx = 2\n');
  });
});
