import { describe, expect, it } from 'vitest';
import { blockEnd } from '../../src/engine/block.ts';
import { createSyntax } from '../../src/engine/syntax.ts';
import { programs } from '../programs.ts';
import { ask, engineForFile, even, generated } from './bench.ts';

const syntax = createSyntax(programs);

/** `marked` holds the cursor as `|`; the answer is what follows it. Gives what of it belongs to the block. */
async function kept(file: string, marked: string): Promise<string | undefined> {
  const cursor = marked.indexOf('|');
  const [prefix, answer] = [marked.slice(0, cursor), marked.slice(cursor + 1)];
  const end = await blockEnd({ kind: 'infill', prefix, suffix: '', file }, answer, syntax);
  return end === undefined ? undefined : answer.slice(0, end);
}

const bench = engineForFile();

it('ends an answer early, which is otherwise the same', async () => {
  bench.engine.configure({ ...even, experts: even.experts.filter(({ id }) => id === 'code') });
  const prompt = {
    kind: 'infill',
    file: 'add.ts',
    prefix: 'export function add(a: number, b: number): number {\n  ',
    suffix: '',
  } as const;
  const whole = generated(await bench.engine.generate(ask('', { prompt, maxTokens: 60 })));
  const block = generated(
    await bench.engine.generate(ask('', { prompt, maxTokens: 60, endsWithBlock: true })),
  );
  expect(block.text).toMatch(/\n\}$/);
  expect(whole.text.startsWith(block.text)).toBe(true);
  expect(whole.text.length).toBeGreaterThan(block.text.length);
  expect(block.ids.length).toBeLessThan(whole.ids.length);
  expect(block.stop).toBe('stop');
});

describe('a block by its grammar', () => {
  it.each([
    ['a function just opened', 'function a() {|\n  return 1;\n}\nfunction b() {}\n', '\n  return 1;\n}'],
    ['the body of a function', 'function a() {\n  |return 1;\n}\n\nconst b = 2;\n', 'return 1;\n}'],
    ['a block in one that stays open', 'function a() {\n  if (x) {\n    |b();\n  }\n  c();\n', 'b();\n  }'],
    [
      'a block with another in it',
      'if (x) {\n  |if (y) {\n    b();\n  }\n  c();\n}\nd();\n',
      'if (y) {\n    b();\n  }\n  c();\n}',
    ],
    ['a call over several lines', 'app.get(\n  |path,\n  handler,\n);\nnext();\n', 'path,\n  handler,\n);'],
    ['braces in text and comments', "function a() {\n  |return '}'; // }\n}\nb();\n", "return '}'; // }\n}"],
  ])('ends with %s', async (_what, marked, expected) => {
    expect(await kept('a.ts', marked)).toBe(expected);
  });

  it.each([
    ['is still open', 'function a() {\n  |b();\n'],
    ['goes on as something else', 'if (x) {\n  |b();\n} else {\n'],
    ['was never opened', '|const a = 1;\nconst b = 2;\n'],
    ['has its brace in a comment alone', 'function a() {\n  |b(); // }\n'],
  ])('goes on where it %s', async (_what, marked) => {
    expect(await kept('a.ts', marked)).toBeUndefined();
  });

  it('is found in JSX too', async () => {
    expect(await kept('a.tsx', 'const a = () => {\n  |return <b>{c}</b>;\n};\nd();\n')).toBe(
      'return <b>{c}</b>;\n};',
    );
  });
});

describe('a block by its indentation', () => {
  it.each([
    ['Python function just opened', 'a.py', 'def f(x):|\n    return x\n\ndef g():\n', '\n    return x\n\n'],
    [
      'body of a Python method',
      'a.py',
      'class A:\n    def f(self):\n        |x = 1\n        return x\n    def g(self):\n',
      'x = 1\n        return x\n',
    ],
    ['Rust function just opened', 'a.rs', 'fn f() -> i32 {|\n    1\n}\nfn g() {}\n', '\n    1\n}\n'],
    [
      'body of a Go function',
      'a.go',
      'func f() int {\n\t|x := 1\n\treturn x\n}\nfunc g() {}\n',
      'x := 1\n\treturn x\n}\n',
    ],
    ['item of a list', 'a.md', '- a\n  - |b\n    c\n- d\n', 'b\n    c\n'],
  ])('ends with the %s', async (_what, file, marked, expected) => {
    expect(await kept(file, marked)).toBe(expected);
  });

  it('goes on over blank lines, at the margin, and while a line is being written', async () => {
    expect(await kept('a.py', 'def f(x):\n    |a = 1\n\n    b = 2\n')).toBeUndefined();
    expect(await kept('a.txt', '|one\ntwo\n\nthree\n')).toBeUndefined();
    expect(await kept('a.py', 'def f(x):\n    |a = 1\n')).toBeUndefined();
  });
});
