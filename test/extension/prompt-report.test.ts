import { expect, it } from 'vitest';
import { promptReport } from '../../src/extension/prompt-report.ts';

it('a shown prompt says what each part costs, and gives the text as it is read', () => {
  const report = promptReport([
    {
      expert: 'pocket/code',
      most: 450,
      parts: [
        { kind: 'chunk', file: 'src/b.ts', tokens: 12, text: '<|file_sep|>b.ts\nexport const b = 1;\n' },
        { kind: 'marker', tokens: 1, text: '<|fim_prefix|>' },
        { kind: 'prefix', tokens: 3, text: 'let a =' },
      ],
      opening: ' ',
    },
    { expert: 'pocket/math', most: 450, parts: [{ kind: 'prefix', tokens: 2, text: 'x' }], opening: '' },
  ]);
  expect(report).toBe(`== pocket/code: 16 tokens, of 450 that a completion has for it

     12  from src/b.ts
      1  mark <|fim_prefix|>
      3  this file, before the cursor

Taken off the end, for the answer to begin with: " "

-- The prompt
<|file_sep|>b.ts
export const b = 1;
<|fim_prefix|>let a =

== pocket/math: 2 tokens, of 450 that a completion has for it

      2  this file, before the cursor

-- The prompt
x`);
});
