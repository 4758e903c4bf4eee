/** What goes with a question, as a list of small labels: the name, how much it is, and what is left out or refused. */

import type { AttachmentNote } from '../../src/protocol/chat.ts';
import { element } from './dom.ts';

/** Shows `notes` in the list, which is hidden where there is none. */
export function showAttached(list: HTMLElement, notes: readonly AttachmentNote[]): void {
  const text = JSON.stringify(notes);
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  list.hidden = notes.length === 0;
  list.replaceChildren(
    ...notes.map(({ kind, name, detail, remark }) =>
      element(
        'li',
        { className: `chip ${kind}` },
        // Why something was refused says of what it speaks.
        ...(kind === 'attached' ? [element('span', { className: 'name' }, name), ' '] : []),
        element('span', { className: 'detail' }, detail),
        ...(remark === undefined ? [] : [' ', element('span', { className: 'remark' }, remark)]),
      ),
    ),
  );
}
