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
  flush(): string;
}

/** Matches the earliest occurrence of any of `stops`, across pieces; empty stop strings are ignored. */
export function stopMatcher(stops: readonly string[]): StopMatcher {
  const wanted = stops.filter((stop) => stop.length > 0);
  let held = '';
  let done = false;
  return {
    push(text) {
      if (done) return { emit: '', stopped: true };
      held += text;
      const at = earliest(held, wanted);
      if (at !== -1) {
        const emit = held.slice(0, at);
        held = '';
        done = true;
        return { emit, stopped: true };
      }
      const keep = openTail(held, wanted);
      const emit = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return { emit, stopped: false };
    },
    flush() {
      const rest = held;
      held = '';
      return rest;
    },
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
