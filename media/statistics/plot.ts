/** Plots of a value a day, as SVG: bars before each other, or lines with a mark at each day that has a value. */

const SVG = 'http://www.w3.org/2000/svg';

const HEIGHT = 150;
/** Around the drawing: the numbers on the left, the days beneath. */
const EDGE = { left: 40, right: 8, top: 10, bottom: 22 };

export interface Series {
  readonly name: string;
  /** One of tones.css. */
  readonly tone: string;
  /** A value a day; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
}

export interface Plot {
  readonly kind: 'bars' | 'lines';
  /** What is seen, in a sentence, for those who do not see it. */
  readonly label: string;
  readonly days: readonly string[];
  readonly series: readonly Series[];
  /** The top of the scale; the largest value, rounded up, where it is left out. */
  readonly top?: number;
  /** For people. */
  readonly text: (value: number) => string;
  /** In pixels, so that its words are as large as those around it. */
  readonly width: number;
}

export function plotElement({ kind, label, days, series, top, text, width }: Plot): SVGSVGElement {
  const scale = top ?? roundedUp(Math.max(0, ...series.flatMap(({ values }) => values.map((v) => v ?? 0))));
  const across = (width - EDGE.left - EDGE.right) / days.length;
  const x = (index: number): number => EDGE.left + across * (index + 0.5);
  const y = (value: number): number =>
    EDGE.top + (HEIGHT - EDGE.top - EDGE.bottom) * (1 - Math.min(value, scale) / scale);
  const plot = svg('svg', {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    role: 'img',
    'aria-label': label,
    class: 'plot',
  });
  for (const value of [0, scale / 2, scale]) {
    plot.append(
      svg('line', { class: 'grid', x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
    );
    plot.append(words(text(value), { x: EDGE.left - 6, y: y(value) + 4, 'text-anchor': 'end' }));
  }
  for (const index of labelled(days.length, width)) {
    const anchor =
      days.length === 1 ? 'middle' : index === 0 ? 'start' : index === days.length - 1 ? 'end' : 'middle';
    const at = anchor === 'start' ? EDGE.left : anchor === 'end' ? width - EDGE.right : x(index);
    plot.append(words(days[index] ?? '', { x: at, y: HEIGHT - 6, 'text-anchor': anchor }));
  }
  for (const [order, { tone, values, name }] of series.entries()) {
    const group = svg('g', { class: tone });
    plot.append(group);
    const title = (value: number, index: number): SVGElement => {
      const made = svg('title', {});
      made.textContent = `${days[index] ?? ''}: ${name} ${text(value)}`;
      return made;
    };
    if (kind === 'lines') {
      const points = values.flatMap((value, index) =>
        value === undefined ? [] : [`${x(index)},${y(value)}`],
      );
      group.append(svg('polyline', { points: points.join(' ') }));
    }
    for (const [index, value] of values.entries()) {
      if (value === undefined || (kind === 'bars' && value === 0)) continue;
      const mark =
        kind === 'lines'
          ? svg('circle', { cx: x(index), cy: y(value), r: days.length > 45 ? 1.5 : 3 })
          : bar({ x: x(index), y: y(value), bottom: y(0), width: Math.min(28, across * 0.8), order });
      mark.append(title(value, index));
      group.append(mark);
    }
  }
  return plot;
}

/** The bar of a later series stands before that of an earlier one, and is narrower, so that both are seen in any colours. */
function bar({
  x,
  y,
  bottom,
  width,
  order,
}: {
  x: number;
  y: number;
  bottom: number;
  width: number;
  order: number;
}) {
  const wide = width * (order === 0 ? 1 : 0.55);
  return svg('rect', { x: x - wide / 2, y, width: wide, height: bottom - y });
}

/** The days that are named: the first, the last, and some between. */
function labelled(count: number, width: number): readonly number[] {
  const most = Math.min(count, Math.max(2, Math.floor(width / 130)), 6);
  if (most < 2) return [0];
  return [...new Set(Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1))))];
}

/** The next of 2, 4, 6, 8, 10, 20, 30, ...: half of it is a whole number. */
function roundedUp(value: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(value)));
  const tops = [1, 2, 3, 4, 6, 8, 10].map((step) => step * power);
  return tops.find((top) => top >= value && top % 2 === 0) ?? 2;
}

function words(text: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = svg('text', { ...attributes, 'aria-hidden': 'true' });
  made.textContent = text;
  return made;
}

function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes))
    made.setAttribute(name, typeof value === 'number' ? String(Math.round(value * 10) / 10) : value);
  return made;
}
