/** The chat page: joins the frame that the extension sent to the conversation, the keyboard and the clipboard. */

import type { ChatCalls, ChatEvents, ChatState } from '../../src/protocol/chat.ts';
import { connect } from '../../src/protocol/rpc.ts';
import { showAttached } from './attached-view.ts';
import { createConversationView } from './conversation-view.ts';
import { element, frameElement } from './dom.ts';
import { createMentionList } from './mention-list.ts';
import { keep, kept, pagePort, type WebviewApi } from './port.ts';
import { expertsLine } from './shares.ts';
import { words } from './words.ts';

declare function acquireVsCodeApi(): WebviewApi;

const api = acquireVsCodeApi();
const list = frameElement('conversation', HTMLElement);
const composer = frameElement('composer', HTMLFormElement);
const question = frameElement('question', HTMLTextAreaElement);
const send = frameElement('send', HTMLButtonElement);
const stop = frameElement('stop', HTMLButtonElement);
const begin = frameElement('begin', HTMLButtonElement);
const origins = frameElement('origins', HTMLButtonElement);
const refused = frameElement('refused', HTMLElement);
const cut = frameElement('cut', HTMLElement);
const attached = frameElement('attached', HTMLElement);
const announcement = frameElement('announcement', HTMLElement);
const expertsText = frameElement('experts', HTMLElement);

const connection = connect<ChatCalls, ChatEvents>(pagePort(api), {
  state(state) {
    show(state);
    return undefined;
  },
  focus() {
    question.focus();
    return undefined;
  },
});

const conversation = createConversationView(connection, {
  list,
  empty: list.appendChild(emptyState()),
  announcement,
  drawn({ streaming, empty }) {
    const hadFocus = document.activeElement === stop || document.activeElement === begin;
    stop.hidden = !streaming;
    send.hidden = streaming;
    begin.hidden = empty;
    origins.hidden = empty;
    if (hadFocus && document.activeElement === document.body) question.focus();
  },
});

const mentions = createMentionList({
  field: question,
  list: frameElement('mentions', HTMLElement),
  announcement,
  files: (query) => connection.call('files', { query }),
});

/** Once the question rests: what would go with it. */
let previewed: ReturnType<typeof setTimeout> | undefined;
function preview(): void {
  clearTimeout(previewed);
  const text = question.value;
  if (!text.includes('@')) {
    showAttached(attached, []);
    return;
  }
  previewed = setTimeout(async () => {
    const notes = await connection.call('preview', { question: text }).catch(() => []);
    if (question.value === text) showAttached(attached, notes);
  }, 250);
}

function show(state: ChatState): void {
  expertsText.textContent = expertsLine(state.experts);
  conversation.show(state);
  showCut(state.cut);
}

/** The way back to turns that were put aside. */
function showCut(count: number): void {
  cut.hidden = count === 0;
  if (count === 0) return;
  const restore = element('button', { type: 'button', className: 'quiet' }, words.cut.restore);
  restore.addEventListener('click', () => connection.tell('restore', {}));
  cut.replaceChildren(count === 1 ? words.cut.one : words.cut.many(count), ' ', restore);
}

function ask(text: string): void {
  if (text.trim() !== '' && !send.hidden) connection.tell('ask', { question: text });
}

function submit(): void {
  if (send.hidden || question.value.trim() === '') return;
  ask(question.value);
  question.value = '';
  keep(api, { draft: '' });
  mentions.close();
  preview();
}

function showOrigins(): void {
  const on = kept(api).origins;
  origins.ariaPressed = String(on);
  conversation.showOrigins(on);
}

/** Text is taken as ever; of files nothing is read, and the page says so. */
function refuseFiles(event: ClipboardEvent | DragEvent): void {
  const data = event instanceof ClipboardEvent ? event.clipboardData : event.dataTransfer;
  if (data === null || data.files.length === 0) return;
  event.preventDefault();
  refused.textContent = words.noFiles;
  refused.hidden = false;
}

function emptyState(): HTMLElement {
  const examples = words.examples.map((text) => {
    const button = element('button', { type: 'button', className: 'example' }, text);
    button.addEventListener('click', () => ask(text));
    return button;
  });
  return element(
    'section',
    { className: 'empty', ariaLabel: words.examplesLabel },
    ...words.welcome.map((line) => element('p', {}, line)),
    ...examples,
  );
}

/** Buttons on code blocks, and links: both live in rendered Markdown, so they are heard here, once. */
function act(target: EventTarget | null): void {
  if (!(target instanceof Element)) return;
  const url = target.closest<HTMLElement>('a.link')?.dataset.url;
  if (url !== undefined) connection.tell('open', { url });
  const button = target.closest('button');
  const code = button?.closest('.code')?.querySelector('code');
  if (button === null || code === null || code === undefined) return;
  const text = code.textContent;
  const block = { text, language: code.dataset.language ?? '' };
  if (button.classList.contains('propose')) connection.tell('propose', block);
  if (button.classList.contains('create')) connection.tell('create', block);
  if (button.classList.contains('insert')) connection.tell('insert', { text });
  if (button.classList.contains('copy')) {
    connection.tell('copy', { text });
    button.textContent = words.code.copied;
    setTimeout(() => {
      button.textContent = words.code.copy;
    }, 1500);
  }
}

list.addEventListener('click', ({ target }) => act(target));
list.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Enter' && target instanceof HTMLAnchorElement) act(target);
});
composer.addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
question.addEventListener('keydown', (event) => {
  if (mentions.takesKey(event)) return;
  // While an input method composes, Enter ends the composition.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
for (const event of ['paste', 'drop'] as const) question.addEventListener(event, refuseFiles);
question.addEventListener('input', () => {
  refused.hidden = true;
  keep(api, { draft: question.value });
  preview();
});
stop.addEventListener('click', () => conversation.stop());
begin.addEventListener('click', () => connection.tell('begin', {}));
origins.addEventListener('click', () => {
  keep(api, { origins: !kept(api).origins });
  showOrigins();
});

// What was typed before this script ran stays.
if (question.value === '') question.value = kept(api).draft;
question.placeholder = words.placeholder;
showOrigins();
preview();
void connection.call('ready', {}).then(show);
