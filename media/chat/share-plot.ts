/** A small plot of the shares over an answer: one line an expert, in its colour and its kind of line. */

import type { AnswerPiece } from '../../src/protocol/chat.ts';
import { shareCurves } from './share-curves.ts';
import { type Named, nameOf } from './shares.ts';
import { toneOf } from './tones.ts';
import { words } from './words.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** Of the drawing; the page stretches it to its width. */
const WIDTH = 240;
const HEIGHT = 40;

export interface SharePlot {
  readonly element: SVGSVGElement;
  show(pieces: readonly AnswerPiece[], experts: readonly Named[]): void;
}

export function createSharePlot(): SharePlot {
  const element = document.createElementNS(SVG, 'svg');
  element.classList.add('plot');
  element.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  element.setAttribute('preserveAspectRatio', 'none');
  element.setAttribute('role', 'img');
  return {
    element,
    show(pieces, experts) {
      const ids = experts.map(({ id }) => id);
      const curves = shareCurves(pieces);
      // One expert alone supplies all of it: a line along the top says nothing.
      element.toggleAttribute('hidden', curves.length < 2);
      if (curves.length < 2) return;
      const percent = (value: number | undefined): number => Math.round(100 * (value ?? 0));
      const label = words.plot.label(
        curves.map(({ id, values }) =>
          words.plot.line(nameOf(id, experts), percent(values[0]), percent(values.at(-1))),
        ),
      );
      element.setAttribute('aria-label', label);
      while (element.childElementCount > curves.length) element.lastElementChild?.remove();
      for (const [index, { id, values }] of curves.entries()) {
        const line =
          element.children[index] ?? element.appendChild(document.createElementNS(SVG, 'polyline'));
        line.setAttribute('class', toneOf(id, ids));
        line.setAttribute('points', pointsOf(values));
      }
    },
  };
}

function pointsOf(values: readonly number[]): string {
  const across = (WIDTH - 2) / (values.length - 1);
  return values
    .map(
      (value, index) =>
        `${(1 + index * across).toFixed(1)},${(HEIGHT - 2 - value * (HEIGHT - 4)).toFixed(1)}`,
    )
    .join(' ');
}
