/** Stop strings over a stream: text is held back while it could still be the beginning of one. */

export interface StopMatch {
  /** Text that is certainly part of the answer. */
  readonly emit: string;
  readonly stopped: boolean;
}

export interface StopMatcher {
  /** Takes the next piece of text. After a match everything further is ignored. */
  push(text: string): StopMatch;
  /** What was held back, at the end of the stream. */
  flush(): StopMatch;
}

/**
 * Cuts before the stop string that begins first, however the text is split into pieces; empty ones are ignored.
 */
export function stopMatcher(stops: readonly string[]): StopMatcher {
  const wanted = stops.filter((stop) => stop.length > 0);
  let held = '';
  let done = false;

  /** Cuts at a match that begins before `open`, where one that is not complete yet could begin. */
  const cut = (open: number): StopMatch => {
    const at = earliest(held, wanted);
    const stopped = at !== -1 && at <= open;
    const emit = held.slice(0, stopped ? at : open);
    held = stopped ? '' : held.slice(open);
    done = stopped;
    return { emit, stopped };
  };

  return {
    push(text) {
      if (done) return { emit: '', stopped: true };
      held += text;
      return cut(held.length - openTail(held, wanted));
    },
    flush: () => (done ? { emit: '', stopped: true } : cut(held.length)),
  };
}

function earliest(text: string, stops: readonly string[]): number {
  let first = -1;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at !== -1 && (first === -1 || at < first)) first = at;
  }
  return first;
}

/** Length of the longest end of `text` that is a beginning of a stop string. */
function openTail(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}
