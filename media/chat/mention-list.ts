/** The list that opens over the question when `@` is typed: what can be mentioned, and files by their paths. By keyboard or by mouse. */

import { isSameBegun, type MentionBegun, mentionBegun, mentionText } from '../../src/text/mentions.ts';
import { element } from './dom.ts';
import { words } from './words.ts';

export interface MentionListParts {
  readonly field: HTMLTextAreaElement;
  /** With the role of a listbox. */
  readonly list: HTMLElement;
  /** Said to who does not see the list. */
  readonly announcement: HTMLElement;
  readonly files: (query: string) => Promise<readonly string[]>;
}

export interface MentionList {
  /** Takes a key where the list is open and knows it; true where it did. */
  takesKey(event: KeyboardEvent): boolean;
  close(): void;
}

interface Choice {
  readonly label: string;
  readonly note: string;
  /** Put in place of what was typed. */
  readonly text: string;
}

/** In milliseconds, of a path being typed. */
const PAUSE = 80;

export function createMentionList({ field, list, announcement, files }: MentionListParts): MentionList {
  let choices: readonly Choice[] = [];
  let chosen = 0;
  let begun: MentionBegun | undefined;
  let asked = 0;

  const begunNow = (): MentionBegun | undefined =>
    field.selectionStart === field.selectionEnd ? mentionBegun(field.value, field.selectionStart) : undefined;

  const close = (): void => {
    asked++;
    begun = undefined;
    choices = [];
    list.hidden = true;
    list.replaceChildren();
    field.removeAttribute('aria-activedescendant');
  };

  const mark = (index: number): void => {
    chosen = index;
    for (const [at, option] of [...list.children].entries()) {
      option.ariaSelected = String(at === index);
      if (at !== index) continue;
      field.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    }
  };

  const open = (next: readonly Choice[]): void => {
    if (next.length === 0) {
      close();
      return;
    }
    choices = next;
    list.replaceChildren(
      ...next.map(({ label, note }, index) => {
        const option = element(
          'div',
          { id: `mention-${index}`, className: 'mention', role: 'option' },
          element('span', { className: 'name' }, label),
          ...(note === '' ? [] : [' ', element('span', { className: 'detail' }, note)]),
        );
        // The field keeps the keyboard.
        option.addEventListener('mousedown', (event) => {
          event.preventDefault();
          take(index);
        });
        return option;
      }),
    );
    list.hidden = false;
    announcement.textContent = words.mentions.count(next.length);
    mark(0);
  };

  const take = (index: number): void => {
    const choice = choices[index];
    const now = begunNow();
    if (choice === undefined || now === undefined || !isSameBegun(begun, now)) {
      close();
      return;
    }
    field.setRangeText(choice.text, now.from, field.selectionStart, 'end');
    close();
    // Whoever listens sees it as typed, and a path goes on.
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };

  const look = async (): Promise<void> => {
    // Whatever comes now, an answer for what was typed before is too late.
    const ask = ++asked;
    begun = begunNow();
    if (begun?.kind !== 'path') {
      open(begun === undefined ? [] : namesFor(begun.query));
      return;
    }
    const { query } = begun;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (ask !== asked) return;
    const paths = await files(query).catch(() => []);
    if (ask !== asked) return;
    open(paths.map((path) => ({ label: path, note: '', text: `${mentionText({ kind: 'file', path })} ` })));
  };

  field.addEventListener('input', () => void look());
  field.addEventListener('blur', close);
  // The caret went elsewhere; while one types it moves as well, after `input`.
  document.addEventListener('selectionchange', () => {
    if (begun !== undefined && !isSameBegun(begun, begunNow())) close();
  });

  return {
    close,
    takesKey(event) {
      if (list.hidden || event.isComposing) return false;
      const { length } = choices;
      const { key } = event;
      if (key === 'ArrowDown') mark((chosen + 1) % length);
      else if (key === 'ArrowUp') mark((chosen + length - 1) % length);
      else if (key === 'Escape') close();
      else if ((key === 'Enter' && !event.shiftKey) || key === 'Tab') take(chosen);
      else return false;
      event.preventDefault();
      return true;
    },
  };
}

function namesFor(query: string): Choice[] {
  const { file, selection, problems, terminal } = words.mentions;
  const all: Choice[] = [
    { label: '@file:', note: file, text: '@file:' },
    { label: '@selection', note: selection, text: '@selection ' },
    { label: '@problems', note: problems, text: '@problems ' },
    { label: '@terminal', note: terminal, text: '@terminal ' },
  ];
  return all.filter(({ label }) => label.startsWith(`@${query}`));
}
