/** Work that has to wait for the work before it. */

/** Runs tasks one after the other, in the order in which they come; one that fails does not hold up the next. */
export function oneAtATime(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task);
    last = next.catch(() => {});
    return next;
  };
}
