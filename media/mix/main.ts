/** The mix page: sliders for the weights of each surface, what the experts take of the memory, and a prompt to try the mix by. */

import {
  type MixCalls,
  type MixEvents,
  type MixState,
  type MixTab,
  mixTabs,
  type TryOutcome,
} from '../../src/protocol/mix.ts';
import { connect } from '../../src/protocol/rpc.ts';
import { frameElement } from '../chat/dom.ts';
import { pagePort, type WebviewApi } from '../chat/port.ts';
import { showBar } from '../chat/share-bar.ts';
import { nameOf } from '../chat/shares.ts';
import { t } from '../language.ts';
import { showMemory } from './memory-bar.ts';
import { createSliders } from './sliders.ts';
import { createTabs } from './tabs.ts';

declare function acquireVsCodeApi(): WebviewApi;

const names: Readonly<Record<MixTab, string>> = {
  both: t('Everywhere'),
  completion: t('Suggestions'),
  chat: t('Chat'),
};

const api = acquireVsCodeApi();
const note = frameElement('note', HTMLElement);
const same = frameElement('same', HTMLButtonElement);
const form = frameElement('try', HTMLFormElement);
const text = frameElement('text', HTMLTextAreaElement);
const go = frameElement('go', HTMLButtonElement);
const stop = frameElement('stop', HTMLButtonElement);
const answer = frameElement('answer', HTMLElement);
const shares = frameElement('shares', HTMLElement);
const legend = frameElement('legend', HTMLElement);

let state: MixState = {
  experts: [],
  fixed: { both: true, completion: true, chat: true },
  own: [],
  memory: { free: 0 },
};
let attempt: AbortController | undefined;

const connection = connect<MixCalls, MixEvents>(pagePort(api), {
  state(now) {
    state = now;
    show();
    return undefined;
  },
});

const tabs = createTabs(frameElement('tabs', HTMLElement), {
  panel: frameElement('panel', HTMLElement),
  tabs: mixTabs.map((id) => ({ id, name: names[id] })),
  chosen: show,
});
const sliders = createSliders(frameElement('sliders', HTMLElement), (id, weight) =>
  connection.tell('weigh', { tab: tabs.current(), id, weight }),
);

function show(): void {
  const tab = tabs.current();
  sliders.show(state.experts, tab);
  same.hidden = tab === 'both' || !state.own.includes(tab);
  note.textContent = noteFor(tab);
  text.placeholder = tab === 'completion' ? t('The beginning of a text') : t('A question');
  showMemory(frameElement('memory', HTMLElement), frameElement('memory-text', HTMLElement), state);
}

function noteFor(tab: MixTab): string {
  if (state.experts.length === 0) return t('No expert takes part. Tick one in the list of experts.');
  if (state.experts.length === 1) return t('One expert takes part, so its weight changes nothing.');
  const lines: string[] = [];
  if (tab === 'both' && state.own.length > 0) lines.push(ownSentence());
  if (!state.fixed[tab])
    lines.push(
      t('These are the weights at the start; then an expert that foresees the text better counts more.'),
    );
  return lines.join(' ');
}

function ownSentence(): string {
  if (state.own.length > 1) return t('Weights of their own are set for suggestions and the chat.');
  return state.own.includes('chat')
    ? t('Weights of their own are set for the chat.')
    : t('Weights of their own are set for suggestions.');
}

function ids(): string[] {
  return state.experts.map(({ id }) => id);
}

async function tryIt(): Promise<void> {
  const asked = text.value;
  if (asked.trim() === '' || attempt !== undefined) return;
  const running = new AbortController();
  attempt = running;
  go.hidden = true;
  stop.hidden = false;
  answer.hidden = false;
  answer.textContent = '';
  legend.textContent = t('The experts are asked...');
  shares.replaceChildren();
  const tab = tabs.current();
  const outcome = await connection
    .call(
      'attempt',
      { tab, text: asked },
      {
        signal: running.signal,
        onUpdate: (now) => {
          answer.textContent = now.text;
          showBar(shares, now.shares, ids());
        },
      },
    )
    .catch((thrown: unknown): TryOutcome => {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      return { kind: 'failed', failure: { code: 'internal', message } };
    });
  attempt = undefined;
  const hadFocus = document.activeElement === stop;
  stop.hidden = true;
  go.hidden = false;
  if (hadFocus) go.focus();
  if (outcome.kind === 'failed') {
    legend.textContent = running.signal.aborted ? t('Stopped.') : outcome.failure.message;
    answer.hidden = answer.textContent === '';
    return;
  }
  answer.textContent = outcome.text === '' ? t('(nothing)') : outcome.text;
  const parts = showBar(shares, outcome.shares, ids()).map(
    ({ id, percent }) => `${nameOf(id, state.experts)} ${percent}`,
  );
  legend.textContent = parts.join(' · ');
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void tryIt();
});
text.addEventListener('keydown', (event) => {
  // While an input method composes, Enter ends the composition.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  void tryIt();
});
stop.addEventListener('click', () => attempt?.abort());
same.addEventListener('click', () => {
  const tab = tabs.current();
  if (tab !== 'both') connection.tell('same', { surface: tab });
});
frameElement('choose', HTMLButtonElement).addEventListener('click', () =>
  connection.tell('run', { command: 'chooseMix' }),
);
frameElement('save', HTMLButtonElement).addEventListener('click', () =>
  connection.tell('run', { command: 'saveMix' }),
);

void connection.call('ready', {}).then((now) => {
  state = now;
  show();
});
