import { describe, expect, it } from 'vitest';
import { codeIn, reindented } from '../../src/text/code-answer.ts';

describe('the code of an answer', () => {
  it('is what its block holds', () => {
    expect(codeIn('Here it is:\n```ts\nconst a = 1;\n```\nThat is all.')).toEqual({
      kind: 'code',
      code: 'const a = 1;',
      isCut: false,
    });
  });

  it('is the longest block, and may hold shorter fences', () => {
    const answer = '```\nrun\n```\n````md\n```js\nlet x;\n```\n````';
    expect(codeIn(answer)).toMatchObject({ code: '```js\nlet x;\n```' });
  });

  it('is said to be cut where the block has no end', () => {
    expect(codeIn('```py\ndef f():\n    return')).toEqual({
      kind: 'code',
      code: 'def f():\n    return',
      isCut: true,
    });
  });

  it('is not there without a block, or in an empty one', () => {
    for (const answer of ['', 'Just use a loop.', 'Use `x = 1` here.', '```\n```']) {
      expect(codeIn(answer)).toEqual({ kind: 'none' });
    }
  });
});

describe('code fitted to its place', () => {
  it('has the indentation of what it takes the place of', () => {
    expect(reindented('if (a) {\n  b();\n}\n\nc();', '    x();')).toBe(
      '    if (a) {\n      b();\n    }\n\n    c();',
    );
    expect(reindented('  a\n    b', 'x')).toBe('a\n  b');
    expect(reindented('a\n\tb', '\tx')).toBe('\ta\n\t\tb');
  });

  it('stays where it fits already', () => {
    expect(reindented('  a\nb', '  x')).toBe('  a\nb');
  });
});
