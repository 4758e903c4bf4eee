/** The progress of a fetch for people: one line that is written anew in a terminal, a line at every tenth elsewhere. */

import { megabytes } from '../fetch/disk.ts';
import type { FetchProgress } from '../fetch/progress.ts';
import { sourceName } from '../models/catalog.ts';

export interface ProgressLine {
  say(sentence: string): void;
  show(progress: FetchProgress): void;
  /** Goes to a new line where one is unfinished. */
  end(): void;
}

const ERASE = '\r\u001b[K';

export function progressLine(out: NodeJS.WritableStream & { readonly isTTY?: boolean }): ProgressLine {
  const isTerminal = out.isTTY === true;
  let unfinished = false;
  let tenth = 0;
  const end = (): void => {
    if (unfinished) out.write('\n');
    unfinished = false;
  };
  const say = (sentence: string): void => {
    out.write(`${unfinished ? ERASE : ''}${sentence}\n`);
    unfinished = false;
  };
  return {
    say,
    end,
    show(progress) {
      switch (progress.kind) {
        case 'waiting':
          return say('Another process is fetching it; waiting for that to end.');
        case 'source':
          tenth = 0;
          return say(
            `Fetching ${megabytes(progress.bytes)} from ${sourceName(progress.source)} (${progress.from}).`,
          );
        case 'bytes': {
          const { done, total } = progress;
          const line = `${((100 * done) / total).toFixed(0).padStart(3)} %  ${megabytes(done)} of ${megabytes(total)}`;
          const now = Math.floor((10 * done) / total);
          if (isTerminal) out.write(`${ERASE}${line}`);
          else if (now > tenth) out.write(`${line}\n`);
          tenth = now;
          unfinished = isTerminal;
          return;
        }
        case 'verifying':
          return say('Comparing sizes and hashes.');
        case 'retrying':
          return say(`${progress.why}; trying again in ${Math.ceil(progress.waitMs / 1000)} s.`);
        case 'source-failed':
          return say(progress.failure.message);
        default:
          return progress satisfies never;
      }
    },
  };
}
