/** Says in a terminal that a model is being converted, which happens once and takes a while, and how far it is. */

import type { ExpertStatus } from '../protocol/engine.ts';
import { statusLine } from './status-line.ts';

/** What an engine's statuses are given to; silent where nobody watches. */
export function conversionNotes(
  notes: NodeJS.WritableStream & { readonly isTTY?: boolean },
): (statuses: readonly ExpertStatus[]) => void {
  if (notes.isTTY !== true) return () => {};
  const line = statusLine(notes);
  let isConverting = false;
  return (statuses) => {
    for (const { id, state } of statuses) {
      if (state.kind !== 'loading' || state.stage !== 'converting') continue;
      isConverting = true;
      line.show(`converting ${id}, once`, state.progress);
      return;
    }
    if (isConverting) line.say('Converted.');
    isConverting = false;
  };
}
