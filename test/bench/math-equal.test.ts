import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { benchmarks } from '../../bench/quality/benchmark-readers.ts';
import { finalAnswer, isRight, readProblems } from '../../bench/quality/benchmarks.ts';
import { mathEqual } from '../../bench/quality/math-equal.ts';
import { normalise } from '../../bench/quality/math-text.ts';
import { symbolicEqual } from '../../bench/quality/symbolic-equal.ts';
import { symbolicThread } from '../../bench/quality/symbolic-thread.ts';
import { root } from '../programs.ts';

const options = { symbolic: symbolicEqual };
const matrix = (...rows: string[]): string => `\\begin{pmatrix}${rows.join('\\\\')}\\end{pmatrix}`;

describe('equal answers', () => {
  it.each([
    ['42', '42.0'],
    ['1,234', '1234'],
    ['0.33333', '\\frac{1}{3}'],
    ['100.005', '100'],
    ['25\\%', '0.25'],
    ['0.25', '25'],
    ['\\$18', '18'],
    ['18 dollars', '18'],
    ['12\\text{ miles}', '12'],
    ['90^\\circ', '90'],
    ['x = 7', '7'],
    ['\\frac12', '0.5'],
    ['3/4', '\\dfrac{3}{4}'],
    ['.5', '0.5'],
    ['(1,4.5)', '(1,\\frac{9}{2})'],
    ['(0.6,2.6667]', '(\\frac{3}{5},\\frac{8}{3}]'],
    ['\\left( 3, \\frac{\\pi}{2} \\right)', '(3,\\pi/2)'],
    ['1, 2', '1,2'],
    ['\\frac{x}{7}+\\frac{2}{7}', '\\frac{x+2}{7}'],
    ['\\sec^2(y)', '\\tan^2(y)+1'],
    ['-34x-45y+20z-100=0', '34x+45y-20z+100=0'],
    ['y = 2x + 1', '2x+1'],
    ['\\frac{100}{3}', '33.333'],
    ['2\\sqrt2', '\\sqrt{8}'],
    [
      '\\frac{\\sqrt{\\sqrt{11}+\\sqrt{194}}}{2\\sqrt{33}+15}',
      '\\frac{\\sqrt{\\sqrt{11}+\\sqrt{194}}}{15+2\\sqrt{33}}',
    ],
    [matrix('-\\frac{7}{4}&-2', '4&\\frac{1}{4}'), `(${matrix('-\\frac{7}{4}&-2', '4&\\frac{1}{4}\\\\')})`],
    [matrix('0.5', '1'), '\\begin{bmatrix}\\frac{1}{2}\\\\1\\end{bmatrix}'],
    ['x=\\pm\\sqrt{4}', '\\pm 2'],
    ['3 \\pm \\sqrt{8}', '3 \\pm 2\\sqrt{2}'],
    [`B^{-1}=\\left[${matrix('3&7', '5&12')}\\right]`, `B^{-1} = ${matrix('3 & 7', '5 & 12')}`],
    ['\\text{(D)}', 'D'],
    ['The choice is B.', 'B'],
    ['Yes', '\\text{yes}'],
  ])('%s and %s', async (answer, truth) => {
    expect(await mathEqual(answer, truth, options)).toBe(true);
  });
});

describe('different answers', () => {
  it.each([
    ['42', '43'],
    ['100.02', '100'],
    ['0.3', '\\frac{1}{3}'],
    ['(1,2)', '(2,1)'],
    ['(1,2)', '(1,2,3)'],
    ['(b+5)(b+2)', '(a+5)(b+2)'],
    ['\\frac{1+\\sqrt{5}}{2}', '2'],
    ['x+1', 'x+2n+1'],
    ['y = 2x + 1', 'y = 2x - 1'],
    ['1\\sqrt{19}', '1'],
    ['\\pi', '3.14'],
    ['\\pm\\sqrt{4}', '\\pm\\sqrt{3}'],
    ['\\pm 2', '2'],
    [`A=${matrix('1&2', '3&4')}`, `A=${matrix('1&2', '3&5')}`],
    [matrix('1&2', '3&4'), matrix('1&2', '4&3')],
    [matrix('1&2'), matrix('1', '2')],
    ['A', 'B'],
    ['', '5'],
    ['no', 'yes'],
    ['1'.repeat(2000), '1'],
  ])('%s and %s', async (answer, truth) => {
    expect(await mathEqual(answer, truth, options)).toBe(false);
  });

  it('may be told apart by a unit only where units are kept', async () => {
    expect(normalise('5 cm')).toBe('5');
    expect(normalise('5 cm', { keepUnits: true })).toBe('5 cm');
  });
});

describe('an answer in a text', () => {
  it.each([
    ['So it is \\boxed{\\frac{1}{2}}. Not \\boxed{3}.', '3'],
    ['The answer is 12.', '12.'],
    ['First 3, then 1,204 in all', '1204'],
    ['\\boxed{cut of', ''],
    ['nothing', ''],
  ])('%s', (text, answer) => expect(finalAnswer(text)).toBe(answer));
});

describe('the benchmarks', () => {
  const lines: Readonly<Record<string, readonly [object, string, string]>> = {
    gsm8k: [{ question: 'How many?', answer: '2+2=<<2+2=4>>4\n#### 4' }, 'How many?', '4'],
    math: [{ problem: 'P?', solution: 'So \\boxed{\\frac{1}{2}}.' }, 'P?', '\\frac{1}{2}'],
    svamp: [{ Body: 'There are 2', Question: 'How many?', Answer: 145.0 }, 'There are 2. How many?', '145'],
    asdiv: [{ body: 'Seven.', question: 'How many?', answer: '9 (apples)' }, 'Seven. How many?', '9'],
    mawps: [{ input: 'Joan?', target: 43.0 }, 'Joan?', '43'],
    carp_en: [{ content: 'Calculate', answer: 'b ^ { 2 }' }, 'Calculate', 'b ^ { 2 }'],
    gaokao2023en: [{ question: 'Q', answer: '$\\{x|x<1\\}$' }, 'Q', '\\{x|x<1\\}'],
    olympiadbench: [{ question: 'Q', final_answer: ['$2$'] }, 'Q', '2'],
    college_math: [{ question: 'Q', answer: '$10-4 n$' }, 'Q', '10-4 n'],
    mmlu_stem: [
      { question: 'Which?', choices: ['a', 'b', 'c', 'd'], answer: 2 },
      'Which?\nAnswer Choices: (A) a (B) b (C) c (D) d',
      'C',
    ],
    aime24: [{ problem: 'P', answer: '204' }, 'P', '204'],
    amc23: [{ problem: 'P', question: 'P', answer: 27.0 }, 'P', '27'],
  };

  it.each(Object.keys(benchmarks))('%s is read as the harness has it', async (name) => {
    const benchmark = benchmarks[name];
    const [entry, question, truth] = lines[name] ?? [{}, '', ''];
    if (benchmark === undefined) throw new Error('it is not there');
    expect(readProblems('f', `${JSON.stringify(entry)}\n`, benchmark)).toEqual([{ question, truth }]);
    expect(() => readProblems('f', '{"other": 1}', benchmark)).toThrow(/f, line 1.*not an entry/);
    const judging = { benchmark, symbolic: symbolicEqual };
    expect(await isRight(`So \\boxed{${truth}}`, truth, judging)).toBe(true);
    expect(await isRight('So \\boxed{17171}', truth, judging)).toBe(false);
  });
});

describe('comparing in a thread', () => {
  let script: string;
  beforeAll(async () => {
    const { bundle } = await import('../../bench/bundle.mjs');
    script = await bundle('quality/symbolic-worker', join(root, '.cache', 'test', 'symbolic'));
  });

  it('answers one question after the other', async () => {
    const thread = symbolicThread(script);
    const asked = [
      ['2(x+1)', '2x+2'],
      ['x', 'y'],
      ['\\frac{1}{2}', '0.5'],
    ] as const;
    const answers = await Promise.all(asked.map(([first, second]) => thread.equal(first, second)));
    expect(answers).toEqual([true, false, true]);
    expect(thread.givenUp()).toBe(0);
    await thread.dispose();
  });

  it('gives up what takes too long, and goes on in another', async () => {
    const thread = symbolicThread(script, 20);
    for (const given of [1, 2]) {
      expect(await thread.equal('9^{9^{9^9}}!', '3')).toBe(false);
      expect(thread.givenUp()).toBe(given);
    }
    await thread.dispose();
  });
});
