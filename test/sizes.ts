/**
 * How far a law is tried: in the unit tests as far as a mistake would show, in the torture stage (`npm run torture`) as far as there
 * is patience for.
 */

export function tried<T>(unit: T, torture: T): T {
  return process.env.CHORUS_TORTURE === '1' ? torture : unit;
}

/** Options of what the torture stage runs: it finds its tests by this tag. */
export const torture = { tags: ['torture'] };
