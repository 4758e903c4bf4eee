/** Notices when nothing was used for a while. Time is passed in. */

/** Calls `ring` once after `ms` milliseconds; the result takes that back. */
export type Alarm = (ms: number, ring: () => void) => () => void;

export interface IdleWatch {
  /** Counts as in use until the result is called; several uses may overlap. */
  use(): () => void;
  /** How long is too long, in milliseconds; 0 for never. Starts counting anew. */
  setPatience(ms: number): void;
  dispose(): void;
}

export interface IdleWatchOptions {
  readonly alarm: Alarm;
  /** False where it is not the moment: then the wait starts again. */
  readonly onIdle: () => boolean;
}

export function watchIdle({ alarm, onIdle }: IdleWatchOptions): IdleWatch {
  let patience = 0;
  let users = 0;
  let cancel = (): void => {};

  const wait = (): void => {
    cancel();
    cancel = () => {};
    if (patience === 0 || users > 0) return;
    cancel = alarm(patience, () => {
      if (!onIdle()) wait();
    });
  };

  return {
    use() {
      users++;
      cancel();
      let over = false;
      return () => {
        if (over) return;
        over = true;
        users--;
        wait();
      };
    },
    setPatience(ms) {
      patience = ms;
      wait();
    },
    dispose() {
      patience = 0;
      cancel();
    },
  };
}

/** The machine's own; it does not keep the process alive. */
export const timerAlarm: Alarm = (ms, ring) => {
  const timer = setTimeout(ring, ms);
  timer.unref();
  return () => clearTimeout(timer);
};
