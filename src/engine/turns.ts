/** Whose turn it is: requests share the experts token by token, and a completion goes before a chat. */

export interface Turn {
  /** Lets a more urgent request go first, if one waits; resolves when it is this one's turn again. */
  pass(): Promise<void>;
  /** Ends this request's claim. */
  end(): void;
}

export interface Turns {
  /** @param urgency the larger goes first; equals in order of arrival */
  take(urgency: number): Promise<Turn>;
}

interface Waiting {
  readonly urgency: number;
  readonly go: () => void;
}

export function createTurns(): Turns {
  const waiting: Waiting[] = [];
  let busy = false;

  const enter = (urgency: number): Promise<void> => {
    if (!busy) {
      busy = true;
      return Promise.resolve();
    }
    return new Promise((go) => {
      const at = waiting.findIndex((other) => other.urgency < urgency);
      waiting.splice(at === -1 ? waiting.length : at, 0, { urgency, go });
    });
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) busy = false;
    else next.go();
  };

  return {
    async take(urgency) {
      await enter(urgency);
      return {
        pass() {
          const first = waiting[0];
          if (first === undefined || first.urgency <= urgency) return Promise.resolve();
          const again = enter(urgency);
          leave();
          return again;
        },
        end: leave,
      };
    },
  };
}
