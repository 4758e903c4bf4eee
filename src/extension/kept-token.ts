/** A hub's token as it is kept. Without the editor. */

import type { HubToken } from '../protocol/obtain.ts';

/** What was kept, checked: another version may have written it. */
export function hubTokenOf(kept: string | undefined): HubToken | undefined {
  if (kept === undefined) return undefined;
  try {
    const { origin, value } = JSON.parse(kept);
    return typeof origin === 'string' && typeof value === 'string' && isToken(value)
      ? { origin, value }
      : undefined;
  } catch {
    return undefined;
  }
}

/** What may stand in a header. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]{1,500}$/.test(text);
}
