/** What the prompts of several experts end with: where they can be compared. */

import type { LoadedExpert } from '../runtime/expert.ts';

/** How many of the last tokens all prompts have alike, at most `most`; 0 for no prompts. */
export function commonEnd(prompts: readonly Int32Array[], most: number): number {
  const [first, ...others] = prompts;
  if (first === undefined) return 0;
  let common = 0;
  while (common < most && others.every((prompt) => prompt.at(-1 - common) === first.at(-1 - common)))
    common++;
  return common;
}

/** Such experts cut text into the same tokens. */
export function sameVocabulary(a: LoadedExpert, b: LoadedExpert): boolean {
  return a.tokenizer.hash === b.tokenizer.hash;
}
