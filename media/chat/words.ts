/** Every text of the chat page, but the fixed frame's (src/extension/chat-page.ts). */

import { t } from '../language.ts';

export const words = {
  examples: [
    'What is 17 + 25?',
    'Write a TypeScript function that multiplies a number by 7.',
    'Solve for x: 3x + 4 = 19.',
  ],
  welcome: [
    t('Ask about code or mathematics.'),
    t('Several small experts answer together, on this machine.'),
  ],
  placeholder: t('Ask the experts, mention with @'),
  examplesLabel: t('Examples'),
  question: t('Question'),
  answer: t('Answer'),
  emptyAnswer: t('The answer came out empty.'),
  tryAgain: t('Try again'),
  regenerate: t('Regenerate'),
  edit: {
    start: t('Edit'),
    startLabel: t('Edit this question'),
    label: t('Question, being edited'),
    send: t('Ask again'),
    cancel: t('Cancel'),
    consequence: t('The answers from here on are put aside. They can be brought back.'),
  },
  cut: {
    one: t('One turn was put aside.'),
    many: (count: number): string => t('{0} turns were put aside.', count),
    restore: t('Bring back'),
  },
  code: {
    label: t('Code'),
    copy: t('Copy'),
    copyLabel: t('Copy this code'),
    copied: t('Copied'),
    insert: t('Insert'),
    insertLabel: t('Insert this code at the cursor'),
    propose: t('Diff'),
    proposeLabel: t('Apply this code as a diff to the open file'),
    create: t('New file'),
    createLabel: t('Open this code as a new file'),
    plain: t('text'),
  },
  noFiles: t(
    'Pictures are not read: the experts know text alone. Mention a file of the workspace with @file:, or paste its text.',
  ),
  mentions: {
    file: t('a file of the workspace'),
    selection: t('what is selected in the editor'),
    problems: t('what the editor found wrong in the open file'),
    terminal: t('what is selected in the terminal'),
    attached: t('Goes with the question'),
    count: (count: number): string => (count === 1 ? t('1 suggestion') : t('{0} suggestions', count)),
  },
  explanation: {
    label: t('What each expert would have said here'),
    wait: t('Asking the experts…'),
    close: t('Close'),
    drawn: t('written'),
    together: t('together'),
    weight: (percent: string): string => t('weight {0}', percent),
    end: t('end of the answer'),
    bytes: (hex: string): string => t('byte {0}', hex),
    note: t('Before temperature and filters, with the experts and weights of now.'),
  },
  origins: {
    label: t(
      'The answer as it was written, in the colours of the experts. Arrow keys go from piece to piece.',
    ),
    unknown: t('Who supplied what of this answer is not known.'),
    unsure: t('the experts disagreed'),
    agreement: (percent: number): string => t('agreement {0}', `${percent} %`),
  },
  plot: {
    label: (lines: readonly string[]): string => t('Shares over the answer. {0}', lines.join('; ')),
    line: (expert: string, from: number, to: number): string =>
      t('{0}: {1} % at first, {2} % at last', expert, from, to),
  },
} as const;
