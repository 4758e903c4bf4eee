/** How many tokens a text is for the experts, by their own tokenizers. */

import type { CountRequest } from '../protocol/engine.ts';
import type { Experts } from './experts.ts';

/**
 * The most that any of the experts named needs; where none of them is loaded, the most of any that is. Undefined where no expert is
 * loaded at all. Special tokens in the text count as the text that they are.
 */
export function countTokens(experts: Experts, { text, ids }: CountRequest): number | undefined {
  const loaded = experts.mix().experts.flatMap(({ id }) => {
    const expert = experts.loaded(id);
    return expert === undefined ? [] : [{ id, expert }];
  });
  const named = loaded.filter(({ id }) => ids.includes(id));
  const counts = (named.length > 0 ? named : loaded).map(
    ({ expert }) => expert.tokenizer.encode(text).length,
  );
  return counts.length === 0 ? undefined : Math.max(...counts);
}
