/** A timer that can be forgotten. */

/** Calls back once, after this many ms; the result forgets it. */
export function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
