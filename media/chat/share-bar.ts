/** A bar of parts in the experts' colours. */

import { element } from './dom.ts';
import { type Share, sharesOf } from './shares.ts';
import { toneOf } from './tones.ts';

/** Shows who supplied what, and gives it in words. */
export function showBar(
  bar: HTMLElement,
  shares: Readonly<Record<string, number>>,
  ids: readonly string[],
): readonly Share[] {
  const parts = sharesOf(shares, ids);
  bar.replaceChildren(...parts.map(({ id, share }) => part(toneOf(id, ids), share)));
  return parts;
}

/** @param size relative to the other parts */
export function part(tone: string, size: number): HTMLElement {
  const made = element('span', { className: tone });
  made.style.flexGrow = String(size);
  return made;
}
