/** A slider for each expert: its weight, and what share of the whole that is. One under the hand is left alone. */

import type { MixedExpert, MixTab } from '../../src/protocol/mix.ts';
import { element } from '../chat/dom.ts';
import { sharesOf } from '../chat/shares.ts';
import { toneOf } from '../chat/tones.ts';
import { t } from '../language.ts';

export interface Sliders {
  show(experts: readonly MixedExpert[], tab: MixTab): void;
}

const STEPS = 100;
/** How long a slider stays as the hand left it while the extension tells of earlier weights, in ms. */
const ECHO_MS = 1000;

interface Row {
  readonly root: HTMLElement;
  readonly name: HTMLElement;
  readonly slider: HTMLInputElement;
  readonly value: HTMLElement;
  /** What the hand set last, and when. */
  set: { readonly weight: number; readonly at: number } | undefined;
}

export function createSliders(list: HTMLElement, weigh: (id: string, weight: number) => void): Sliders {
  const rows = new Map<string, Row>();
  /** The largest weight that there was: a scale that follows the largest would move under the hand. */
  let scale = 1;
  let shown: readonly MixedExpert[] = [];
  let shownTab: MixTab | undefined;

  const rowFor = (id: string): Row => {
    const known = rows.get(id);
    if (known !== undefined) return known;
    const slider = element('input', { type: 'range', min: '0' });
    slider.dataset.expert = id;
    const name = element('span', { className: 'name' });
    const value = element('span', { className: 'value' });
    const root = element('label', { className: 'weight' }, name, slider, value);
    slider.addEventListener('input', () => {
      describe();
      const weight = Number(slider.value);
      row.set = { weight, at: performance.now() };
      weigh(id, weight);
    });
    const row: Row = { root, name, slider, value, set: undefined };
    rows.set(id, row);
    return row;
  };

  /** From what the sliders say themselves: the extension's answer comes later. */
  const describe = (): void => {
    const weights = Object.fromEntries(shown.map(({ id }) => [id, Number(rowFor(id).slider.value)]));
    const ids = shown.map(({ id }) => id);
    const percents = new Map(sharesOf(weights, ids).map(({ id, percent }) => [id, percent]));
    for (const { id, name } of shown) {
      const { slider, value } = rowFor(id);
      const percent = percents.get(id) ?? '0 %';
      value.textContent = percent;
      slider.setAttribute('aria-label', t('Weight of {0}', name));
      slider.setAttribute('aria-valuetext', t('{0}, {1} of the mix', Number(slider.value), percent));
    }
  };

  return {
    show(experts, tab) {
      shown = experts;
      scale = Math.max(scale, ...experts.map(({ weights }) => weights[tab]));
      const ids = experts.map(({ id }) => id);
      for (const { id, name, weights, state } of experts) {
        const row = rowFor(id);
        row.root.className = `weight ${toneOf(id, ids)}`;
        row.root.title = t('{0}: {1}', id, state);
        row.name.textContent = name;
        row.slider.max = String(scale);
        row.slider.step = String(scale / STEPS);
        if (!isHeld(row, weights[tab], tab === shownTab)) row.slider.value = String(weights[tab]);
      }
      const wanted = ids.map((id) => rowFor(id).root);
      const there = [...list.children];
      // Taking a slider out and putting it back would take the keyboard off it.
      if (wanted.length !== there.length || wanted.some((root, i) => root !== there[i]))
        list.replaceChildren(...wanted);
      shownTab = tab;
      describe();
    },
  };
}

/** Whether the slider says something newer than `told`. */
function isHeld({ slider, set }: Row, told: number, isSameTab: boolean): boolean {
  if (!isSameTab) return false;
  if (slider.matches(':active')) return true;
  return set !== undefined && set.weight !== told && performance.now() - set.at < ECHO_MS;
}
