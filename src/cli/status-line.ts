/** What is under way, for people: one line that is written anew in a terminal, a line at each quarter elsewhere. */

export interface StatusLine {
  /** `fraction` in [0, 1]. */
  show(text: string, fraction: number): void;
  /** A sentence that stays. */
  say(sentence: string): void;
}

const ERASE = '\r\u001b[K';
const WIDTH = 24;

export function statusLine(out: NodeJS.WritableStream & { readonly isTTY?: boolean }): StatusLine {
  const isTerminal = out.isTTY === true;
  let isOpen = false;
  let last = '';
  const say = (sentence: string): void => {
    out.write(`${isOpen ? ERASE : ''}${sentence}\n`);
    isOpen = false;
  };
  return {
    say,
    show(text, fraction) {
      const percent = `${Math.floor(100 * fraction)} %`;
      if (isTerminal) {
        const full = Math.round(WIDTH * fraction);
        out.write(
          `${ERASE}  [${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${percent.padStart(5)}  ${text}`,
        );
        isOpen = true;
        return;
      }
      const quarter = `${Math.floor(4 * fraction)}`;
      if (quarter === last) return;
      last = quarter;
      out.write(`  ${percent.padStart(5)}  ${text}\n`);
    },
  };
}
