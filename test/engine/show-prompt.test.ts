import { expect, it } from 'vitest';
import type { Prompt } from '../../src/protocol/engine.ts';
import { ask, engineForFile, even, generated } from './bench.ts';

const bench = engineForFile();
const prompt: Prompt & { readonly kind: 'infill' } = {
  kind: 'infill',
  file: 'src/area.ts',
  prefix: "import { Shape } from './shape.ts';\n\nexport function area(shape: Shape): number {\n  ret",
  suffix: '\n}\n',
  chunks: [
    { file: 'src/shape.ts', text: 'export interface Shape {\n  width: number;\n  height: number;\n}' },
  ],
};

it('a shown prompt is what the experts read, token by token, with the pieces of other files for who knows files', async () => {
  bench.engine.configure(even);
  const shown = await bench.engine.showPrompt(prompt);
  if (shown.kind !== 'shown') throw new Error(shown.failure.message);
  const { promptTokens } = generated(
    await bench.engine.generate(ask('', { surface: 'completion', prompt, maxTokens: 1 })),
  );
  const counts = shown.prompts.map(({ expert, parts }) => [
    expert,
    parts.reduce((sum, { tokens }) => sum + tokens, 0),
  ]);
  expect(Object.fromEntries(counts)).toEqual(promptTokens);
  const code = shown.prompts.find(({ expert }) => expert === 'code');
  expect(code?.opening).toBe('  ret');
  expect(code?.parts.map(({ text }) => text).join('')).toBe(
    '<|file_sep|>shape.ts\nexport interface Shape {\n  width: number;\n  height: number;\n}\n<|fim_prefix|><|fim_suffix|>\n}\n<|fim_middle|><|file_sep|>area.ts\n' +
      "import { Shape } from './shape.ts';\n\nexport function area(shape: Shape): number {\n",
  );
});
