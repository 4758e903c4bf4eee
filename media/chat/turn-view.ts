/** One question and its answer on the page. Shows what it is given; changes only what differs. */

import type { Answer, ChatExpert, Turn } from '../../src/protocol/chat.ts';
import { element } from './dom.ts';
import { type Block, renderBlocks } from './markdown.ts';
import { paceOf, sharesOf, shortName, waitingLine } from './shares.ts';

export interface TurnView {
  readonly elements: readonly HTMLElement[];
  show(answer: Answer, experts: readonly ChatExpert[]): void;
  /** The answer as a screen reader should say it. */
  spoken(): string;
}

export function createTurnView({ question }: Turn, retry: () => void): TurnView {
  const asked = element('article', { className: 'question', ariaLabel: 'Question' }, question);
  const content = element('div', { className: 'content' });
  const waiting = element('p', { className: 'waiting' });
  const failure = element('div', { className: 'failure' });
  const bar = element('div', { className: 'bar', ariaHidden: 'true' });
  const legend = element('span', { className: 'legend' });
  const shares = element('div', { className: 'shares' }, bar, legend);
  const pace = element('div', { className: 'pace' });
  const answered = element(
    'article',
    { className: 'answer', ariaLabel: 'Answer' },
    ...[waiting, content, failure, shares, pace],
  );
  let blocks: readonly Block[] = [];

  const showText = (text: string): void => {
    const next = renderBlocks(text, blocks);
    next.forEach((block, index) => {
      const shown = content.children[index] ?? content.appendChild(element('div', { className: 'block' }));
      if (blocks[index] !== block) shown.innerHTML = block.html;
    });
    while (content.children.length > next.length) content.lastElementChild?.remove();
    blocks = next;
  };

  const showFailure = (sentence: string | undefined): void => {
    if (sentence === failure.dataset.sentence) return;
    failure.dataset.sentence = sentence ?? '';
    failure.replaceChildren();
    if (sentence === undefined) return;
    const again = element('button', { type: 'button', className: 'quiet retry' }, 'Try again');
    again.addEventListener('click', retry);
    failure.append(element('p', { role: 'alert' }, sentence), again);
  };

  return {
    elements: [asked, answered],
    show(answer, experts) {
      const streaming = answer.kind === 'streaming';
      answered.dataset.state = answer.kind;
      answered.ariaBusy = String(streaming);
      waiting.textContent = beforeText(answer, experts);
      showText(answer.text);
      showFailure(answer.kind === 'failed' ? answer.failure.message : undefined);
      showShares(bar, legend, answer, experts);
      pace.textContent = paceOf(answer);
    },
    spoken() {
      const copy = element('div', {}, content.cloneNode(true));
      // KaTeX gives each formula twice more: as glyphs to see and as TeX.
      for (const twin of copy.querySelectorAll('.katex-html, annotation, .code-head')) twin.remove();
      return copy.textContent.trim();
    },
  };
}

function beforeText(answer: Answer, experts: readonly ChatExpert[]): string {
  if (answer.text.trim() !== '') return '';
  if (answer.kind === 'streaming') return waitingLine(experts);
  return answer.kind === 'done' && answer.stop !== 'cancelled' ? 'The answer came out empty.' : '';
}

function showShares(
  bar: HTMLElement,
  legend: HTMLElement,
  { shares }: Answer,
  experts: readonly ChatExpert[],
): void {
  const ids = experts.map(({ id }) => id);
  const parts = sharesOf(shares, ids);
  bar.replaceChildren(
    ...parts.map(({ id, share }) => {
      const part = element('span', { className: tone(ids.indexOf(id)) });
      part.style.flexGrow = String(share);
      return part;
    }),
  );
  legend.replaceChildren(
    ...parts.flatMap(({ id, percent }) => {
      const item = element('span', { className: tone(ids.indexOf(id)), title: id });
      item.dataset.expert = id;
      item.append(`${shortName(id, ids)} ${percent}`);
      // The space keeps the words apart where the legend is read or copied.
      return [item, ' '];
    }),
  );
}

/** One of the six colours of style.css. */
function tone(index: number): string {
  return `tone-${index < 0 ? 5 : index % 6}`;
}
