/** A question on the page, which can be edited and asked again. */

import { element } from './dom.ts';
import { words } from './words.ts';

export interface QuestionParts {
  /** Told of the question as it was edited. */
  readonly again: (question: string) => void;
  /** What goes with the question. */
  readonly attached: HTMLElement;
}

export function createQuestionView(question: string, { again, attached }: QuestionParts): HTMLElement {
  const text = element('div', { className: 'asked', tabIndex: 0 }, question);
  const edit = element(
    'button',
    { type: 'button', className: 'quiet edit', ariaLabel: words.edit.startLabel },
    words.edit.start,
  );
  const view = element('article', { className: 'question', ariaLabel: words.question }, text, attached, edit);

  const stop = (): void => {
    view.replaceChildren(text, attached, edit);
    edit.focus();
  };
  const start = (): void => {
    const field = element('textarea', { ariaLabel: words.edit.label, value: question, rows: 1 });
    const send = element('button', { type: 'submit' }, words.edit.send);
    const cancel = element('button', { type: 'button', className: 'quiet' }, words.edit.cancel);
    const form = element(
      'form',
      { className: 'editing' },
      field,
      element('p', {}, words.edit.consequence),
      element('div', { className: 'choices' }, cancel, send),
    );
    const submit = (): void => {
      if (field.value.trim() !== '') again(field.value);
    };
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      submit();
    });
    form.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (event.key === 'Escape') stop();
      else if (event.key === 'Enter' && !event.shiftKey && event.target === field) submit();
      else return;
      event.preventDefault();
    });
    cancel.addEventListener('click', stop);
    view.replaceChildren(form);
    field.focus();
    field.setSelectionRange(question.length, question.length);
  };
  edit.addEventListener('click', start);
  return view;
}
