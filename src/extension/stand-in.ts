/** When the pocket experts answer in place of the default experts: these were not chosen by the user, and none of them is there. */

import type { ExpertRow } from './expert-rows.ts';
import { failureText } from './failure-text.ts';

/** Why none of the default experts is there; undefined where one is, may still come, or was chosen. */
export function failureOfDefault(rows: readonly ExpertRow[], expertsChosen: boolean): string | undefined {
  const active = rows.filter((row) => row.active);
  const failures = active.flatMap(({ state }) =>
    state.kind === 'failed' ? [failureText(state.failure)] : [],
  );
  return expertsChosen || failures.length < active.length ? undefined : failures[0];
}
