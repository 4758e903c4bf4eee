/** What each expert would have said in place of one piece of an answer: a small table under the answer. */

import type { ExplainOutcome, Explanation, Opinion, Possibility } from '../../src/protocol/explain.ts';
import { element } from './dom.ts';
import { type Named, nameOf } from './shares.ts';
import { toneOf } from './tones.ts';
import { words } from './words.ts';

export interface ExplanationView {
  readonly element: HTMLElement;
  /** Shows what `asked` gives when it comes, unless another was asked for meanwhile. */
  show(asked: Promise<ExplainOutcome>, known: readonly Named[]): Promise<void>;
}

/** `closed` is told when the user closes it. */
export function createExplanationView(closed: () => void): ExplanationView {
  const box = element('section', {
    className: 'explanation',
    ariaLabel: words.explanation.label,
    hidden: true,
  });
  let newest: Promise<ExplainOutcome> | undefined;

  const close = (): void => {
    newest = undefined;
    box.hidden = true;
    box.replaceChildren();
    closed();
  };
  const fill = (...parts: readonly Node[]): void => {
    const button = element('button', { type: 'button', className: 'quiet close' }, words.explanation.close);
    button.addEventListener('click', close);
    box.replaceChildren(...parts, button);
    box.hidden = false;
    box.scrollIntoView({ block: 'nearest' });
  };
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });

  return {
    element: box,
    async show(asked, known) {
      newest = asked;
      fill(element('p', { role: 'status' }, words.explanation.wait));
      const outcome = await asked;
      if (newest !== asked) return;
      if (outcome.kind === 'failed') fill(element('p', { role: 'alert' }, outcome.failure.message));
      else fill(...opinionsOf(outcome.explanation, known), element('p', {}, words.explanation.note));
    },
  };
}

function opinionsOf({ pool, experts }: Explanation, known: readonly Named[]): HTMLElement[] {
  const ids = known.map(({ id }) => id);
  const each = Object.entries(experts).map(([id, opinion]) =>
    opinionOf(opinion, {
      name: `${nameOf(id, known)} · ${words.explanation.weight(percentOf(opinion.weight))}`,
      tone: toneOf(id, ids),
    }),
  );
  return [opinionOf(pool, { name: words.explanation.together, tone: '' }), ...each];
}

function opinionOf(
  { top, drawn }: Opinion,
  { name, tone }: { readonly name: string; readonly tone: string },
): HTMLElement {
  const isDrawn = (other: Possibility): boolean => visible(other) === visible(drawn);
  const rows = [...top, ...(top.some(isDrawn) ? [] : [drawn])].map((possibility) => {
    const written = isDrawn(possibility);
    const bar = element('span', { className: 'chance', ariaHidden: 'true' });
    bar.style.width = `${(100 * possibility.probability).toFixed(1)}%`;
    return element(
      'tr',
      { className: written ? 'drawn' : '' },
      element(
        'td',
        {},
        element('code', {}, visible(possibility)),
        written ? ` ${words.explanation.drawn}` : '',
      ),
      element('td', {}, bar),
      element('td', {}, percentOf(possibility.probability)),
    );
  });
  return element('table', { className: tone }, element('caption', {}, name), element('tbody', {}, ...rows));
}

/** Blanks and line ends are made visible. */
function visible(possibility: Possibility): string {
  switch (possibility.kind) {
    case 'text':
      return possibility.text.replaceAll(' ', '·').replaceAll('\n', '⏎').replaceAll('\t', '⇥');
    case 'bytes':
      return words.explanation.bytes(possibility.hex);
    case 'end':
      return words.explanation.end;
    default:
      return possibility satisfies never;
  }
}

function percentOf(probability: number): string {
  const percent = 100 * probability;
  if (percent > 0 && percent < 0.1) return '<0.1 %';
  return `${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}
