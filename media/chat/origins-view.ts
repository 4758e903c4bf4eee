/**
 * "Who said what": an answer as the text that was written, each piece in the tone of the expert that supplied most of it. Not the
 * rendered answer: there a formula's glyphs and a table's cells have no single place in the text, and colouring them would be guessing.
 */

import type { AnswerPiece, AnswerSoFar } from '../../src/protocol/chat.ts';
import { element } from './dom.ts';
import { isUnsure, leaderOf, originLine } from './origins.ts';
import type { Named } from './shares.ts';
import { toneOf } from './tones.ts';
import { words } from './words.ts';

export interface OriginsView {
  readonly element: HTMLElement;
  /** `text` and `pieces` grow; of an answer shown before, only what is new is added. */
  show(answer: AnswerSoFar, experts: readonly Named[]): void;
}

export interface ChosenPiece {
  /** The step that it begins with, counted from 0. */
  readonly step: number;
  readonly element: HTMLElement;
}

/** `chosen` is told of a piece that was clicked, or on which Enter was pressed. */
export function createOriginsView(chosen: (piece: ChosenPiece) => void): OriginsView {
  const box = element('div', { className: 'origins', role: 'group', ariaLabel: words.origins.label });
  const starts: number[] = [];
  let steps = 0;
  let length = 0;
  let names = '';

  const add = (piece: AnswerPiece, text: string, experts: readonly Named[]): void => {
    const leader = leaderOf(piece);
    const ids = experts.map(({ id }) => id);
    const tone = leader === undefined ? '' : toneOf(leader, ids);
    const part = element(
      'span',
      { className: `piece ${tone}${isUnsure(piece) ? ' unsure' : ''}`, title: originLine(piece, experts) },
      text,
    );
    part.role = 'button';
    // One stop of the Tab key for all of them.
    part.tabIndex = starts.length === 0 ? 0 : -1;
    box.append(part);
    starts.push(steps);
    steps += piece.steps;
    length += piece.length;
  };

  const choose = (target: EventTarget | null): void => {
    const part = pieceAt(target);
    if (part === undefined) return;
    enter(part);
    const step = starts[[...box.children].indexOf(part)];
    if (step !== undefined) chosen({ step, element: part });
  };

  const enter = (part: HTMLElement): void => {
    const before = box.querySelector<HTMLElement>('[tabindex="0"]');
    if (before !== null) before.tabIndex = -1;
    part.tabIndex = 0;
    part.focus();
  };

  box.addEventListener('click', ({ target }) => choose(target));
  box.addEventListener('keydown', (event) => {
    const part = pieceAt(event.target);
    if (part === undefined) return;
    if (event.key === 'Enter' || event.key === ' ') choose(part);
    else {
      const next = { ArrowRight: part.nextElementSibling, ArrowLeft: part.previousElementSibling }[event.key];
      const ends = { Home: box.firstElementChild, End: box.lastElementChild }[event.key];
      const to = pieceAt(next ?? ends ?? null);
      if (to === undefined) return;
      enter(to);
    }
    event.preventDefault();
  });

  return {
    element: box,
    show({ text, pieces }, experts) {
      const order = experts.map(({ id, name }) => `${id}\n${name}`).join('\n');
      if (order !== names || pieces.length < starts.length) {
        box.replaceChildren();
        starts.length = 0;
        steps = 0;
        length = 0;
        names = order;
      }
      if (pieces.length === 0) {
        box.textContent = text === '' ? '' : words.origins.unknown;
        return;
      }
      if (starts.length === 0) box.replaceChildren();
      for (const piece of pieces.slice(starts.length))
        add(piece, text.slice(length, length + piece.length), experts);
    },
  };
}

function pieceAt(target: EventTarget | null): HTMLElement | undefined {
  return target instanceof HTMLElement && target.classList.contains('piece') ? target : undefined;
}
