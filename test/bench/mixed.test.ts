import { describe, expect, it } from 'vitest';
import { choose, readData } from '../../bench/quality/data.ts';
import { mixedTexts } from '../../bench/quality/mixed.ts';
import { root } from '../programs.ts';

const problem = (n: number) => ({
  question: `What is ${n} + 1?`,
  answer: `${n + 1}`,
  steps: `${n} + 1 = ${n + 1}.`,
});
const code = (file: string, prefix: string, middle: string) => ({ file, prefix, middle, suffix: '\n' });
const one = code('a.ts', 'half a line\n  if (x) {\n    return', ' 1;');
const two = code('b.ts', 'half\nlet y =', ' 2;');

describe('text that mixes both subjects', () => {
  it('is comment, code, comment, code, each segment whole lines', () => {
    const [text, ...rest] = mixedTexts([problem(1), problem(2)], [one, two]);
    expect(rest).toEqual([]);
    expect(text).toEqual({
      file: 'a.ts',
      opening: '/**\n',
      segments: [
        { subject: 'maths', text: ' * What is 1 + 1?\n * 1 + 1 = 2.\n * The answer is \\boxed{2}.\n */\n' },
        { subject: 'code', text: 'if (x) {\n  return 1;\n\n' },
        {
          subject: 'maths',
          text: '/**\n * What is 2 + 1?\n * 2 + 1 = 3.\n * The answer is \\boxed{3}.\n */\n',
        },
        { subject: 'code', text: 'let y = 2;\n' },
      ],
    });
  });

  it('never joins two languages, and takes a docstring for Python', () => {
    const python = code('c.py', 'half\nfor x in', ' y:');
    const texts = mixedTexts([problem(1), problem(2)], [one, python, two]);
    expect(texts.map(({ file }) => file)).toEqual(['a.ts']);
    expect(mixedTexts([problem(1), problem(2)], [python, python])[0]?.opening).toBe('"""\n');
  });

  it('leaves out code that begins or ends inside a comment', () => {
    const inside = code('d.ts', 'half\n * about\n */\nlet z =', ' 3;');
    expect(mixedTexts([problem(1), problem(2)], [one, inside])).toEqual([]);
  });

  it('has some of the samples that come along, the same every time', async () => {
    const { problems, infilling } = await readData(`${root}/bench/quality/data`);
    const texts = mixedTexts(problems, infilling);
    expect(texts.length).toBeGreaterThanOrEqual(10);
    expect(mixedTexts(problems, infilling)).toEqual(texts);
    for (const { segments } of texts) for (const { text } of segments) expect(text).toMatch(/\n$/);
  });
});

describe('the choice of cases', () => {
  const cases = Array.from({ length: 50 }, (_, i) => i);

  it("is the seed's alone, and fewer are the first of more", () => {
    expect(choose(cases, 10, 1)).toEqual(choose(cases, 10, 1));
    expect(choose(cases, 10, 1)).toEqual(choose(cases, 20, 1).slice(0, 10));
    expect(choose(cases, 10, 1)).not.toEqual(choose(cases, 10, 2));
  });

  it('takes no case twice', () => {
    expect(choose(cases, 99, 1).sort((a, b) => a - b)).toEqual(cases);
  });
});
