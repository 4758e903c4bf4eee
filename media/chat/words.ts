/** Every text of the chat page, but the fixed frame's (src/extension/chat-page.ts). */

export const words = {
  examples: [
    'What is 17 + 25?',
    'Write a TypeScript function that multiplies a number by 7.',
    'Solve for x: 3x + 4 = 19.',
  ],
  welcome: ['Ask about code or mathematics.', 'Several small experts answer together, on this machine.'],
  placeholder: 'Ask the experts',
  examplesLabel: 'Examples',
  question: 'Question',
  answer: 'Answer',
  emptyAnswer: 'The answer came out empty.',
  tryAgain: 'Try again',
  origins: {
    label: 'The answer as it was written, in the colours of the experts. Arrow keys go from piece to piece.',
    unknown: 'Who supplied what of this answer is not known.',
    unsure: 'the experts disagreed',
    agreement: (percent: number): string => `agreement ${percent} %`,
  },
  plot: {
    label: (lines: readonly string[]): string => `Shares over the answer. ${lines.join('; ')}`,
    line: (expert: string, from: number, to: number): string =>
      `${expert}: ${from} % at first, ${to} % at last`,
  },
} as const;
