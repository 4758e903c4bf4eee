import { expect, test } from 'vitest';
import { chatMarkdown } from '../../src/extension/chat-markdown.ts';
import type { Answer, Turn } from '../../src/protocol/chat.ts';

const soFar = {
  tokens: 3,
  unit: 'token',
  shares: { 'pocket/math': 0.62, 'pocket/code': 0.38 },
  pieces: [],
} as const;
const turn = (question: string, answer: Answer): Turn => ({ id: 1, question, answer });
const names: Readonly<Record<string, string>> = { 'pocket/math': 'Gauss' };
const nameOf = (id: string): string => names[id] ?? id;

test('a conversation is exported with questions, code, formulas, shares and weights', () => {
  const text = 'It is \\(x^2\\):\n\n```ts\nconst x = 1;\n```';
  const weights = { 'pocket/math': 0.7, 'pocket/code': 0.3 };
  const turns = [
    turn('What is *this*?\n\n```\nx\n```', { kind: 'done', stop: 'end', weights, text, ...soFar }),
  ];
  expect(chatMarkdown({ title: 'What is *this*?', turns }, nameOf)).toBe(`# What is \\*this\\*?

> What is *this*?
>
> \`\`\`
> x
> \`\`\`

It is $x^2$:

\`\`\`ts
const x = 1;
\`\`\`

*Shares: Gauss 62 %, pocket/code 38 % · Weights at the end: Gauss 70 %, pocket/code 30 % · 3 tokens*
`);
});

test('what was cut off or failed says so, and its open code block is closed', () => {
  const failure = { code: 'engine-exited', message: 'The engine ended.' } as const;
  const turns = [
    turn('one', { kind: 'done', stop: 'closed', text: '```ts\nconst', ...soFar }),
    turn('two', { kind: 'failed', failure, text: '', tokens: 0, shares: {}, pieces: [] }),
  ];
  const written = chatMarkdown({ title: 'one', turns }, nameOf);
  expect(written).toContain('```ts\nconst\n```\n\n*Shares');
  expect(written).toContain('Cut off when the window was closed*');
  expect(written).toContain('> two\n\n*The engine ended.*');
});
