/** The text at the end of all experts' prompts by which weighting `prompt` compares experts of different vocabularies. */

import type { ExpertPrompt } from './prompts.ts';

/** About as much as the tokens that experts of one vocabulary are compared by. */
const SCORED_BYTES = 1024;

export interface SpelledPrompt {
  readonly prompt: Pick<ExpertPrompt, 'ids' | 'askedFrom'>;
  readonly bytes: (token: number) => Uint8Array;
}

/**
 * How many of each prompt's last tokens spell the longest text, of at most `most` bytes, that all prompts end with and in which
 * the first token begins at the same byte in all. What was asked before the last question does not count, nor a prompt's first token.
 */
export function tokensOfCommonText(prompts: readonly SpelledPrompt[], most = SCORED_BYTES): number[] {
  const tails = prompts.map((prompt) => tailOf(prompt, most));
  const common = commonLength(tails.map(({ bytes }) => bytes));
  const [first, ...others] = tails;
  if (first === undefined) return [];
  const start = first.starts.findLast(
    (length) => length <= common && others.every(({ starts }) => starts.includes(length)),
  );
  return tails.map(({ starts }) => (start === undefined ? 0 : starts.indexOf(start) + 1));
}

/** The last bytes of a prompt, last byte first, and at how many bytes from the end its tokens begin, last token first. */
function tailOf(
  { prompt: { ids, askedFrom }, bytes: spelled }: SpelledPrompt,
  most: number,
): { readonly bytes: readonly number[]; readonly starts: readonly number[] } {
  const bytes: number[] = [];
  const starts: number[] = [];
  for (let i = ids.length - 1; i >= Math.max(1, askedFrom); i--) {
    const token = spelled(ids[i] as number);
    if (bytes.length + token.length > most) break;
    for (let j = token.length - 1; j >= 0; j--) bytes.push(token[j] as number);
    starts.push(bytes.length);
  }
  return { bytes, starts };
}

function commonLength(tails: readonly (readonly number[])[]): number {
  const [first = [], ...others] = tails;
  let length = 0;
  while (length < first.length && others.every((other) => other[length] === first[length])) length++;
  return length;
}
