import { expect, test } from 'vitest';
import { type PageHost, servePages } from '../../src/extension/pages.ts';
import type { Answer, ChatCalls, ChatEvents, PageMessage } from '../../src/protocol/chat.ts';
import { connect, type Handlers } from '../../src/protocol/rpc.ts';

/** A webview whose page can be loaded anew: only the newest page hears what is posted. */
function webview() {
  let toExtension: (message: unknown) => void = () => {};
  let toPage: (message: PageMessage) => void = () => {};
  const host: PageHost = {
    postMessage: (message) => toPage(structuredClone(message)),
    onDidReceiveMessage(listener) {
      toExtension = listener;
      return {
        dispose() {
          toExtension = () => {};
        },
      };
    },
  };
  const load = (page: string, heard: string[] = []) =>
    connect<ChatCalls, ChatEvents>(
      {
        post(message) {
          toExtension({ page, message });
          return true;
        },
        listen(receive) {
          toPage = (message) => {
            heard.push(message.page);
            receive(message.message);
          };
        },
      },
      { state: () => undefined, focus: () => undefined },
    );
  return { host, load, send: (message: unknown) => toExtension(message) };
}

const ok = { kind: 'ok' } as const;
const answer = (text: string): Answer => ({
  kind: 'done',
  stop: 'end',
  text,
  tokens: 1,
  shares: {},
  pieces: [],
});

function handlers(follow: Handlers<ChatCalls>['follow']): Handlers<ChatCalls> {
  return {
    ready: () => ({ turns: [], experts: [], cut: 0 }),
    ask: () => ok,
    follow,
    preview: () => [],
    files: () => [],
    restore: () => ok,
    explain: () => ({ kind: 'failed', failure: { code: 'internal', message: '' } }),
    propose: () => ok,
    create: () => ok,
    begin: () => ok,
    copy: () => ok,
    insert: () => ok,
    open: () => ok,
  };
}

test('a page that was loaded anew never gets an answer to a call of the page before', async () => {
  const { host, load } = webview();
  const ends: ((answer: Answer) => void)[] = [];
  servePages(
    host,
    handlers(() => new Promise((resolve) => ends.push(resolve))),
    () => {},
  );
  // Both pages number their first call 1.
  void load('first').call('follow', { id: 1 });
  const heard: string[] = [];
  const second = load('second', heard).call('follow', { id: 1 });
  await new Promise((resolve) => setTimeout(resolve, 0));
  ends[0]?.(answer('for the page before'));
  ends[1]?.(answer('for this page'));
  expect(await second).toMatchObject({ text: 'for this page' });
  expect(new Set(heard)).toEqual(new Set(['second']));
});

test('what is not a message of a page is not heard, and nothing is after the end', async () => {
  const { host, load, send } = webview();
  const opened: unknown[] = [];
  const serving = servePages(
    host,
    handlers(() => answer('')),
    (page) => opened.push(page),
  );
  for (const message of [undefined, null, 'x', {}, { page: 1, message: {} }, { page: 'x' }]) send(message);
  expect(opened).toEqual([]);
  expect(await load('first').call('ready', {})).toEqual({ turns: [], experts: [], cut: 0 });
  serving.dispose();
  send({ page: 'second', message: {} });
  expect(opened).toHaveLength(1);
});
