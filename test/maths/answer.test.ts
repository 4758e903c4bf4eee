import { describe, expect, it } from 'vitest';
import { answerMaths } from '../../src/maths/answer.ts';
import type { Verdict } from '../../src/protocol/maths.ts';

function value(expression: string, kind: 'evaluate' | 'simplify' = 'evaluate'): string {
  const answer = answerMaths({ kind, expression });
  if (answer.kind !== 'value') throw new Error(JSON.stringify(answer));
  const { text, numeric } = answer.value;
  return numeric === undefined ? text : `${text} = ${numeric.slice(0, 8)}`;
}

function verdict(equality: string): Verdict {
  const answer = answerMaths({ kind: 'verify', equality });
  if (answer.kind !== 'verdict') throw new Error(JSON.stringify(answer));
  return answer.verdict;
}

/** One word for each step that was judged. */
function steps(...lines: string[]): string[] {
  const answer = answerMaths({ kind: 'steps', steps: lines });
  if (answer.kind !== 'steps') throw new Error(JSON.stringify(answer));
  return answer.verdicts.map((found) => `${found.step}:${found.verdict.kind}${found.note ? '!' : ''}`);
}

describe('a value', () => {
  it.each([
    ['17 + 25', '42'],
    ['1/3 + 1/6', '1/2 = 0.5'],
    ['\\frac{1}{3}+\\frac{1}{6}', '1/2 = 0.5'],
    ['sqrt(8)', '2sqrt(2) = 2.828427'],
    ['2^100', '1267650600228229401496703205376'],
    ['0.1 + 0.2', '0.3'],
  ])('of %s is exact, with its digits', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it('is simplified', () => {
    expect(value('(x+1)^2 - (x^2+2x+1)', 'simplify')).toBe('0');
    expect(value('(x^2-1)/(x-1)', 'simplify')).toBe('x + 1');
  });

  it('of what cannot be read is a sentence', () => {
    expect(answerMaths({ kind: 'evaluate', expression: '\\frac{2}{' })).toEqual({
      kind: 'failed',
      why: '"\\frac{2}{" cannot be read as mathematics.',
    });
    expect(answerMaths({ kind: 'evaluate', expression: ' ' })).toMatchObject({ kind: 'failed' });
    expect(answerMaths({ kind: 'evaluate', expression: '1+'.repeat(2000) })).toMatchObject({
      kind: 'failed',
    });
  });
});

describe('solving', () => {
  const solve = (equation: string, variable?: string): string[] | string => {
    const answer = answerMaths({ kind: 'solve', equation, variable });
    if (answer.kind === 'failed') return answer.why;
    if (answer.kind !== 'solutions') throw new Error(JSON.stringify(answer));
    return answer.solutions.map(({ text }) => text).sort();
  };

  it('gives every solution of a polynomial', () => {
    expect(solve('x^2 - 5x + 6 = 0')).toEqual(['2', '3']);
    expect(solve('2x + 3 = 7')).toEqual(['2']);
    expect(solve('y = 2x + 1', 'x')).toHaveLength(1);
  });

  it('says what is missing', () => {
    expect(solve('y = 2x')).toMatch(/several variables \(x, y\)/);
    expect(solve('x + 1')).toMatch(/one equation/);
    expect(solve('2 = 2')).toMatch(/no variable/i);
    expect(solve('x = 2', 'z')).toMatch(/not in the equation/);
  });
});

describe('an equality', () => {
  it.each([
    '(x+1)^2 = x^2 + 2x + 1',
    'sin(x)^2 + cos(x)^2 = 1',
    '2^10 = 1024',
    'a(b+c) = ab + ac',
    '1/3 + 1/6 = 0.5',
  ])('that holds is true: %s', (equality) => {
    expect(verdict(equality).kind).toBe('true');
  });

  it.each(['(x+1)^2 = x^2 + 1', 'sqrt(x^2) = x', '2 + 2 = 5', '2^200 + 1 = 2^200', '1/3 = 0.333'])(
    'that does not hold is false, with where: %s',
    (equality) => {
      const found = verdict(equality);
      expect(found.kind).toBe('false');
      if (found.kind === 'false') expect(found.why).toMatch(/side/);
    },
  );

  it('is not called wrong for values that are not real', () => {
    expect(verdict('ln(x*y) = ln(x) + ln(y)').kind).not.toBe('false');
  });

  it('that the algebra has no values for is unknown', () => {
    expect(verdict('f(x) = g(x)').kind).toBe('unknown');
  });
});

describe('the steps of a derivation', () => {
  it('that are right pass', () => {
    expect(steps('2x + 3 = 7', '2x = 4', 'x = 2')).toEqual(['1:true', '2:true']);
    expect(steps('(x+1)^2', '= x^2 + 2x + 1', '= x(x+2) + 1')).toEqual(['1:true', '2:true']);
    expect(steps('3(a+b)', '3a + 3b')).toEqual(['1:true']);
    expect(steps('x^2 = 4', 'x = \\pm 2')).toEqual(['1:true']);
    expect(steps('x^2 - 5x + 6 = 0', '(x-2)(x-3) = 0', 'x = 2 or x = 3')).toEqual(['1:true', '2:true']);
    expect(steps('y = 2(x+1)', 'y = 2x + 2', 'x = y/2 - 1')).toEqual(['1:true', '2:true']);
  });

  it('that are wrong are found, with the first of them', () => {
    expect(steps('2x + 3 = 7', '2x = 10', 'x = 5')).toEqual(['1:false', '2:true']);
    expect(steps('(x+1)^2', '= x^2 + 1')).toEqual(['1:false']);
    expect(steps('17 + 25 = 43')).toEqual(['0:false']);
    expect(steps('12 * 4 = 48', '48 + 2 = 51')).toEqual(['0:true', '1:false']);
    expect(steps('x^2 = 4', 'x = 2')).toEqual(['1:false']);
  });

  it('that add a solution hold, with a note', () => {
    expect(steps('x = 2', 'x^2 = 4')).toEqual(['1:true!']);
  });

  it('that cannot be judged are unknown and no mistake', () => {
    expect(steps('x > 2', 'x > 1')).toEqual(['0:unknown', '1:unknown']);
    expect(steps('f(x) = 0', 'g(x) = 0')).toEqual(['1:unknown']);
    expect(steps('x + 1', 'x = 2')).toEqual(['1:unknown']);
  });
});
