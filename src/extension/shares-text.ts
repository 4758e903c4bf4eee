/** Who supplied what of an answer, as a line of text. */

import { shortName } from './experts.ts';

/** `code 62 %, math 38 %`, the largest first; empty before the first token. */
export function sharesText(shares: Readonly<Record<string, number>>): string {
  const ids = Object.keys(shares);
  return Object.entries(shares)
    .toSorted(([, one], [, other]) => other - one)
    .map(([id, share]) => {
      const percent = Math.round(100 * share);
      return `${shortName(id, ids)} ${percent === 0 ? '<1' : percent} %`;
    })
    .join(', ');
}
