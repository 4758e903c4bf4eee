/** Time that passes when a test says so. */

export function clock(start = 0) {
  let now = start;
  let timers: readonly { readonly at: number; readonly call: () => void }[] = [];
  return {
    now: () => now,
    after(ms: number, call: () => void): () => void {
      const timer = { at: now + ms, call };
      timers = [...timers, timer];
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    pass(ms: number): void {
      const end = now + ms;
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((one) => one !== due);
        now = due.at;
        due.call();
      }
      now = end;
    },
  };
}
