/** How much text fits the experts beside an answer, before anything is asked. */

import type { ExpertRow } from './expert-rows.ts';

/** Of the smallest experts; of one that is not loaded nothing else is known. */
const leastContext = 1024;
/** A small vocabulary takes 2.3 to 3 characters of code a token. */
const charactersPerToken = 2.3;
/** Kept for the template and the words around the text. */
const reserved = 64;

type Known = Pick<ExpertRow, 'id' | 'state'>;

/** The shortest context of the experts named, in tokens. */
export function contextOf(rows: readonly Known[], ids: readonly string[]): number {
  const lengths = rows
    .filter(({ id }) => ids.includes(id))
    .map(({ state }) => (state.kind === 'ready' ? (state.contextLength ?? leastContext) : leastContext));
  return lengths.length === 0 ? leastContext : Math.min(...lengths);
}

/** Tokens for the input when the answer may have `maxTokens`; a small context is halved between the two at worst. */
export function inputTokens(context: number, maxTokens: number): number {
  return Math.max(Math.floor(context / 2), context - maxTokens);
}

/** About how many tokens a text has, rather too many than too few. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / charactersPerToken);
}

/** Characters of the user's text in one question. */
export function textBudget(context: number, maxTokens: number): number {
  return Math.floor((inputTokens(context, maxTokens) - reserved) * charactersPerToken);
}
