/** Keeps an answer that is drawn byte by byte well-formed UTF-8 (Unicode 16, table 3-7). */

import { END_OF_BYTES } from './byte-vocabulary.ts';

export interface Utf8Guard {
  /** Whether no character is open. */
  whole(): boolean;
  /** Sets to 0 every byte that cannot come next, and the end inside a character. `probabilities` [257] */
  restrict(probabilities: Float64Array): void;
  accept(symbol: number): void;
}

export function utf8Guard(): Utf8Guard {
  /** Continuation bytes still to come, and the range that the next of them must lie in. */
  let left = 0;
  let least = 0x80;
  let most = 0xbf;
  return {
    whole: () => left === 0,
    restrict(probabilities) {
      if (left > 0) {
        probabilities.fill(0, 0, least);
        probabilities.fill(0, most + 1, END_OF_BYTES + 1);
      } else {
        probabilities.fill(0, 0x80, 0xc2);
        probabilities.fill(0, 0xf5, END_OF_BYTES);
      }
    },
    accept(byte) {
      if (left > 0) {
        left--;
        least = 0x80;
        most = 0xbf;
        return;
      }
      left = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      // Overlong forms, surrogates, and what lies beyond U+10FFFF.
      least = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
      most = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    },
  };
}
