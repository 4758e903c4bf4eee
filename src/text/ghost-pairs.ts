/**
 * Which brackets and quotes of a completion belong together, found without knowing the language. It answers one
 * question for the shaping of ghost text: may the completion be cut here without tearing a pair apart?
 */

export interface Pairing {
  /** Indices of an opening and its closing character, both inside the text. */
  readonly pairs: readonly (readonly [open: number, close: number])[];
  /** Indices of closing characters whose partner stands before the text. */
  readonly loose: readonly number[];
}

const partner: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
const openers = new Set(Object.values(partner));
const quotes = new Set(['"', "'", '`']);

/** `lineBefore` is the text left of the cursor on its line: it tells whether `text` begins inside a string. */
export function pairUp(lineBefore: string, text: string): Pairing {
  const whole = lineBefore + text;
  const pairs: [number, number][] = [];
  const loose: number[] = [];
  const stack: number[] = [];
  let quote = -1;
  const close = (open: number | undefined, at: number): void => {
    const index = at - lineBefore.length;
    if (index < 0) return;
    if (open === undefined || open < lineBefore.length) loose.push(index);
    else pairs.push([open - lineBefore.length, index]);
  };
  for (let at = 0; at < whole.length; at++) {
    const character = whole.charAt(at);
    if (quote >= 0) {
      if (character === '\\') at++;
      else if (character === whole.charAt(quote)) {
        close(quote, at);
        quote = -1;
      } else if (character === '\n' && whole.charAt(quote) !== '`') quote = -1;
    } else if (quotes.has(character)) {
      if (!isApostrophe(whole, at)) quote = at;
    } else if (openers.has(character)) stack.push(at);
    else if (Object.hasOwn(partner, character)) {
      const top = stack.at(-1);
      const fits = top !== undefined && whole.charAt(top) === partner[character];
      if (fits) stack.pop();
      close(fits ? top : undefined, at);
    }
  }
  return { pairs, loose };
}

/** Whether a cut at `at` would keep an opening character and lose its closing one. */
export function tearsPair(pairing: Pairing, at: number): boolean {
  return pairing.pairs.some(([open, close]) => open < at && close >= at);
}

/** `don't` is prose; `f'...'` and `b'...'` are strings. */
function isApostrophe(text: string, at: number): boolean {
  return text.charAt(at) === "'" && /\w\w$/.test(text.slice(Math.max(0, at - 2), at));
}
