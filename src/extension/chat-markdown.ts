/** A conversation as a Markdown document: questions quoted, answers as they are, and beneath each who supplied what. Pure. */

import { t } from '@vscode/l10n';
import type { Answer, Turn } from '../protocol/chat.ts';
import { withDollars } from '../text/dollars.ts';
import { proseIn } from '../text/prose.ts';
import type { ChatRecord } from './chat-record.ts';

/** `nameOf` gives what an expert is called. */
export function chatMarkdown(
  { title, turns }: Pick<ChatRecord, 'title' | 'turns'>,
  nameOf: (id: string) => string,
): string {
  const parts = turns.map((turn) => turnMarkdown(turn, nameOf));
  return `${[`# ${plain(title)}`, ...parts].join('\n\n')}\n`;
}

function turnMarkdown({ question, attached = [], answer }: Turn, nameOf: (id: string) => string): string {
  const quoted = question
    .trim()
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
  const names = attached.map(({ name }) => name).join(', ');
  const note = names === '' ? '' : `*${plain(t('Attached: {0}', names))}*`;
  return [quoted, note, answerText(answer), footOf(answer, nameOf)]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** A block of code that was cut off is closed, so that what follows is no code. */
function answerText({ text }: Answer): string {
  const { open } = proseIn(text);
  const whole = withDollars(text.trim());
  return open === undefined ? whole : `${whole}\n${open}`;
}

function footOf(answer: Answer, nameOf: (id: string) => string): string {
  const { shares, tokens, unit } = answer;
  const list = (numbers: Readonly<Record<string, number>>): string =>
    Object.entries(numbers)
      .filter(([, value]) => value > 0)
      .toSorted(([, one], [, other]) => other - one)
      .map(([id, value]) => `${nameOf(id)} ${percent(value)}`)
      .join(', ');
  const by = list(shares);
  const weights = answer.kind === 'done' ? list(answer.weights ?? {}) : '';
  const facts = [
    ...(by === '' ? [] : [t('Shares: {0}', by)]),
    ...(weights === '' ? [] : [t('Weights at the end: {0}', weights)]),
    ...(tokens === 0 ? [] : [unit === 'byte' ? t('{0} bytes', tokens) : t('{0} tokens', tokens)]),
    ...endingOf(answer),
  ];
  return facts.length === 0 ? '' : `*${plain(facts.join(' · '))}*`;
}

function endingOf(answer: Answer): string[] {
  if (answer.kind === 'failed') return [answer.failure.message];
  if (answer.kind === 'streaming') return [t('Not finished')];
  const endings = {
    cancelled: [t('Stopped')],
    closed: [t('Cut off when the window was closed')],
    length: [t('Cut at the limit of tokens')],
    end: [],
    stop: [],
  };
  return endings[answer.stop];
}

/** Escapes what would be Markdown inside a line, and no more: the document is read as it is, too. */
function plain(text: string): string {
  return text.replace(/[\\`*_[\]<$]/g, '\\$&').replaceAll('\n', ' ');
}

function percent(share: number): string {
  const whole = Math.round(100 * share);
  return whole === 0 ? '<1 %' : `${whole} %`;
}
