/** What is under way, for people: one line that is written anew in a terminal, a line at each tenth elsewhere. */

import type { ObtainProgress } from '../protocol/obtain.ts';

export interface StatusLine {
  /** `fraction` in [0, 1]; where it begins anew, something else does. */
  show(text: string, fraction: number): void;
  /** A sentence that stays. */
  say(sentence: string): void;
  /** Leaves the line as it is, and goes to a new one. */
  end(): void;
}

const ERASE = '\r\u001b[K';
const WIDTH = 24;

export function statusLine(out: NodeJS.WritableStream & { readonly isTTY?: boolean }): StatusLine {
  const isTerminal = out.isTTY === true;
  let isOpen = false;
  let last = -1;
  const say = (sentence: string): void => {
    out.write(`${isOpen ? ERASE : ''}${sentence}\n`);
    isOpen = false;
  };
  return {
    say,
    end() {
      if (isOpen) out.write('\n');
      isOpen = false;
    },
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
      const tenth = Math.floor(10 * fraction);
      if (tenth !== last) out.write(`  ${percent.padStart(5)}  ${text}\n`);
      last = tenth;
    },
  };
}

/** Tells on `line` how a model is brought onto the machine. */
export function obtainTold(line: StatusLine): (progress: ObtainProgress) => void {
  return ({ text, fraction, about }) => {
    switch (about) {
      case 'progress':
        return line.show(text, fraction);
      case 'news':
        return line.say(`${text}.`);
      case 'failure':
        return line.say(text);
      default:
        return about satisfies never;
    }
  };
}
