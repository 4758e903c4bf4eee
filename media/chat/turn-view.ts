/** One question and its answer on the page. Shows what it is given; changes only what differs. */

import type { Answer, AttachmentNote, ChatExpert, TurnHead } from '../../src/protocol/chat.ts';
import type { ExplainOutcome } from '../../src/protocol/explain.ts';
import { showAttached } from './attached-view.ts';
import { element } from './dom.ts';
import { createExplanationView } from './explanation-view.ts';
import { type Block, renderBlocks } from './markdown.ts';
import { createOriginsView } from './origins-view.ts';
import { patchHtml } from './patch.ts';
import { createQuestionView } from './question-view.ts';
import { showBar } from './share-bar.ts';
import { createSharePlot } from './share-plot.ts';
import { nameOf, paceOf, waitingLine } from './shares.ts';
import { toneOf } from './tones.ts';
import { words } from './words.ts';

export interface ShownWith {
  readonly experts: readonly ChatExpert[];
  /** Whether the answer is shown as who said what, in place of what its Markdown means. */
  readonly origins: boolean;
}

export interface TurnActions {
  /** Puts a question in place of this turn. */
  again(question: string): void;
  explain(step: number): Promise<ExplainOutcome>;
}

export interface TurnView {
  readonly elements: readonly HTMLElement[];
  showAttached(notes: readonly AttachmentNote[]): void;
  show(answer: Answer, how: ShownWith): void;
  /** The answer as a screen reader should say it. */
  spoken(): string;
}

export function createTurnView({ question }: TurnHead, { again, explain }: TurnActions): TurnView {
  const list = element('ul', { className: 'attachments', ariaLabel: words.mentions.attached });
  const asked = createQuestionView(question, { again, attached: list });
  const content = element('div', { className: 'content' });
  let known: readonly ChatExpert[] = [];
  let chosen: HTMLElement | undefined;
  const explanation = createExplanationView(() => chosen?.focus());
  const origins = createOriginsView(({ step, element: piece }) => {
    chosen = piece;
    void explanation.show(explain(step), known);
  });
  const waiting = element('p', { className: 'waiting' });
  const failure = element('div', { className: 'failure' });
  const bar = element('div', { className: 'bar', ariaHidden: 'true' });
  const legend = element('span', { className: 'legend' });
  const plot = createSharePlot();
  const shares = element('div', { className: 'shares' }, plot.element, bar, legend);
  const pace = element('div', { className: 'pace' });
  const regenerate = element('button', { type: 'button', className: 'quiet again' }, words.regenerate);
  regenerate.addEventListener('click', () => again(question));
  const foot = element('div', { className: 'foot' }, pace, regenerate);
  const answered = element(
    'article',
    { className: 'answer', ariaLabel: words.answer },
    ...[waiting, content, origins.element, explanation.element, failure, shares, foot],
  );
  let blocks: readonly Block[] = [];

  const showText = (text: string): void => {
    const next = renderBlocks(text, blocks);
    next.forEach((block, index) => {
      const shown = content.children[index] ?? content.appendChild(element('div', { className: 'block' }));
      if (blocks[index] !== block) patchHtml(shown, block.html);
    });
    while (content.children.length > next.length) content.lastElementChild?.remove();
    blocks = next;
  };

  let shownText = '';

  const showFailure = (sentence: string | undefined): void => {
    if (sentence === failure.dataset.sentence) return;
    failure.dataset.sentence = sentence ?? '';
    failure.replaceChildren();
    if (sentence === undefined) return;
    const retry = element('button', { type: 'button', className: 'quiet retry' }, words.tryAgain);
    retry.addEventListener('click', () => again(question));
    failure.append(element('p', { role: 'alert' }, sentence), retry);
  };

  return {
    elements: [asked, answered],
    showAttached: (notes) => showAttached(list, notes),
    show(answer, { experts, origins: asOrigins }) {
      known = experts;
      const streaming = answer.kind === 'streaming';
      shownText = answer.text;
      answered.dataset.state = answer.kind;
      answered.ariaBusy = String(streaming);
      waiting.textContent = beforeText(answer, experts);
      content.hidden = asOrigins;
      origins.element.hidden = !asOrigins;
      if (!asOrigins) explanation.element.hidden = true;
      regenerate.hidden = answer.kind !== 'done';
      // Only what is seen is made; the other catches up when it is wanted.
      if (asOrigins) origins.show(answer, experts);
      else showText(answer.text);
      plot.show(asOrigins ? answer.pieces : [], experts);
      showFailure(answer.kind === 'failed' ? answer.failure.message : undefined);
      showShares(bar, legend, answer, experts);
      pace.textContent = paceOf(answer);
    },
    spoken() {
      showText(shownText);
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
  return answer.kind === 'done' && !['cancelled', 'closed'].includes(answer.stop) ? words.emptyAnswer : '';
}

function showShares(
  bar: HTMLElement,
  legend: HTMLElement,
  { shares }: Answer,
  experts: readonly ChatExpert[],
): void {
  const ids = experts.map(({ id }) => id);
  const parts = showBar(bar, shares, ids);
  legend.replaceChildren(
    ...parts.flatMap(({ id, percent }) => {
      const item = element('span', { className: toneOf(id, ids), title: id });
      item.dataset.expert = id;
      item.append(`${nameOf(id, experts)} ${percent}`);
      // The space keeps the words apart where the legend is read or copied.
      return [item, ' '];
    }),
  );
}
