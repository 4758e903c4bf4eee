/** The numbers and words under an answer: who supplied what share, how fast, and how it ended. */

import type { Answer, ChatExpert } from '../../src/protocol/chat.ts';
import { t } from '../language.ts';

export interface Share {
  readonly id: string;
  /** In (0, 1]. */
  readonly share: number;
  /** `62 %`, or `<1 %`; the numbers of one answer add up to 100. */
  readonly percent: string;
}

/** The experts that supplied anything, in the order of `order`; others follow by name. */
export function sharesOf(shares: Readonly<Record<string, number>>, order: readonly string[]): Share[] {
  const place = (id: string): number => {
    const index = order.indexOf(id);
    return index < 0 ? order.length : index;
  };
  const took = Object.entries(shares)
    .filter(([, share]) => share > 0)
    .sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b));
  const percents = wholePercents(took.map(([, share]) => share));
  return took.map(([id, share], index) => {
    const whole = percents[index] ?? 0;
    return { id, share, percent: whole === 0 ? '<1 %' : `${whole} %` };
  });
}

/** Whole numbers that add up to 100, by the largest remainder. */
function wholePercents(shares: readonly number[]): number[] {
  const sum = shares.reduce((total, share) => total + share, 0);
  const exact = shares.map((share) => (100 * share) / sum);
  const whole = exact.map(Math.floor);
  const missing = 100 - whole.reduce((total, value) => total + value, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder);
  for (const { index } of byRemainder.slice(0, missing)) whole[index] = (whole[index] ?? 0) + 1;
  return whole;
}

export type Named = Pick<ChatExpert, 'id' | 'name'>;

/** What an expert is called; of one that is gone since its answer, the id is all that is left. */
export function nameOf(id: string, experts: readonly Named[]): string {
  return experts.find((expert) => expert.id === id)?.name ?? id;
}

/** `42 tokens · 61 tokens/s`, or bytes, and how it ended where that was not by itself. */
export function paceOf(answer: Answer): string {
  const { tokens, unit = 'token' } = answer;
  const count = countText(tokens, unit);
  if (answer.kind !== 'done') return tokens === 0 ? '' : count;
  const rate = answer.tokensPerSecond === undefined ? [] : [rateText(answer.tokensPerSecond, unit)];
  const ending = {
    cancelled: [t('stopped')],
    closed: [t('cut off when the window was closed')],
    length: [t('cut at the limit of tokens')],
    end: [],
    stop: [],
  };
  const bytes = unit === 'byte' ? [t('mixed by bytes, as the vocabularies differ')] : [];
  return [count, ...rate, ...ending[answer.stop], ...bytes].join(' · ');
}

type Unit = NonNullable<Answer['unit']>;

function countText(count: number, unit: Unit): string {
  if (unit === 'byte') return count === 1 ? t('1 byte') : t('{0} bytes', count);
  return count === 1 ? t('1 token') : t('{0} tokens', count);
}

function rateText(rate: number, unit: Unit): string {
  const rounded = rate < 10 ? rate.toFixed(1) : rate.toFixed(0);
  return unit === 'byte' ? t('{0} bytes/s', rounded) : t('{0} tokens/s', rounded);
}

/** The line beside the buttons: which experts would answer, or what keeps them from it. */
export function expertsLine(experts: readonly ChatExpert[]): string {
  const active = experts.filter((expert) => expert.active);
  if (active.length === 0) return t('No expert takes part');
  return active
    .map(({ name, state }) => {
      if (state.kind === 'loading') return `${name} ${Math.floor(100 * state.progress)} %`;
      return state.kind === 'failed' ? t('{0} failed', name) : name;
    })
    .join(' · ');
}

/** What is shown before the first token. */
export function waitingLine(experts: readonly ChatExpert[]): string {
  const active = experts.filter((expert) => expert.active);
  const converting = active.some(({ state }) => state.kind === 'loading' && state.stage === 'converting');
  if (converting) return t('Converting the model, once…');
  const loading = active.some(({ state }) => state.kind === 'loading');
  return loading ? t('Loading the experts…') : t('Reading the question…');
}
