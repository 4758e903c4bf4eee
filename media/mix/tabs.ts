/** Tabs as the ARIA practices have them: one is in the tab order, arrow keys go to the others. */

import { element } from '../chat/dom.ts';

export interface Tabs<Id> {
  current(): Id;
}

export function createTabs<Id extends string>(
  list: HTMLElement,
  {
    panel,
    tabs,
    chosen,
  }: {
    readonly panel: HTMLElement;
    readonly tabs: readonly { readonly id: Id; readonly name: string }[];
    readonly chosen: (id: Id) => void;
  },
): Tabs<Id> {
  const [first] = tabs;
  if (first === undefined) throw new Error('There are no tabs.');
  let current = first.id;
  const buttons = tabs.map(({ id, name }) => {
    const button = element(
      'button',
      { type: 'button', id: `tab-${id}`, className: 'tab', role: 'tab' },
      name,
    );
    button.setAttribute('aria-controls', panel.id);
    button.addEventListener('click', () => choose(id));
    return { id, button };
  });
  const mark = (): void => {
    for (const { id, button } of buttons) {
      button.setAttribute('aria-selected', String(id === current));
      button.tabIndex = id === current ? 0 : -1;
    }
    panel.setAttribute('aria-labelledby', `tab-${current}`);
  };
  const choose = (id: Id): void => {
    current = id;
    mark();
    chosen(id);
  };
  list.replaceChildren(...buttons.map(({ button }) => button));
  list.addEventListener('keydown', (event) => {
    const at = buttons.findIndex(({ id }) => id === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    const next = to === undefined ? undefined : buttons.at(to % buttons.length);
    if (next === undefined) return;
    event.preventDefault();
    choose(next.id);
    next.button.focus();
  });
  mark();
  return { current: () => current };
}
