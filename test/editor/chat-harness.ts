// The chat page as it is built, in Chromium, under its own policy, before a conversation whose engine the test plays.
import { type Browser, chromium } from 'playwright-core';
import { createAttach } from '../../src/extension/attach.ts';
import { type ChatActions, chatHandlers, stateOf } from '../../src/extension/chat-handlers.ts';
import { chatPage } from '../../src/extension/chat-page.ts';
import {
  type ChatSessionDependencies,
  createChatSession,
  newConversation,
} from '../../src/extension/chat-session.ts';
import { servePages } from '../../src/extension/pages.ts';
import type { ChatCalls, ChatEvents, ChatExpert, PageMessage } from '../../src/protocol/chat.ts';
import type { Connection } from '../../src/protocol/rpc.ts';
import { rankPaths } from '../../src/text/rank-paths.ts';
import { provided } from './provided.ts';
import type { Theme } from './themes.ts';
import { type PageSeen, servePage, watchPage } from './webview.ts';

export interface Seen extends PageSeen {
  /** In milliseconds, each of more than 50. */
  readonly longTasks: number[];
  /** Where `stepwise`: the processor time of the page for each message, with all that it drew, in milliseconds. */
  readonly work: number[];
}

export interface ChatOptions {
  readonly generate: ChatSessionDependencies['generate'];
  readonly explain?: ChatSessionDependencies['explain'];
  readonly actions?: Partial<ChatActions>;
  /** Texts of the workspace by their paths; `@selection` is one, too. */
  readonly files?: Readonly<Record<string, string>>;
  readonly theme?: Theme;
  /** Draws as soon as something changed, not at the screen's next frame, so that every change is drawn by itself. */
  readonly eager?: boolean;
  /** One message after the other, each measured. */
  readonly stepwise?: boolean;
}

const ready = (id: string): ChatExpert => ({
  id,
  name: id.slice(id.lastIndexOf('/') + 1),
  active: true,
  state: { kind: 'ready' },
});
export const experts = [ready('pocket/code'), ready('pocket/math')];

export async function startBrowser(): Promise<Browser> {
  const { chromium: executablePath } = provided();
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

export async function openChat(
  browser: Browser,
  { generate, explain, actions, files = {}, theme = 'dark', eager = false, stepwise = false }: ChatOptions,
) {
  const seen: Seen = { requests: [], dialogs: [], errors: [], longTasks: [], work: [] };
  const context = await browser.newContext({ viewport: { width: 340, height: 720 } });
  const page = await context.newPage();
  await watchPage(page, seen);
  const shown = { name: 'chat', html: chatPage, background: '--vscode-sideBar-background', theme };
  const address = await servePage(page, shown, seen);

  const devtools = await context.newCDPSession(page);
  if (stepwise) await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  /** Of the page's main thread, in milliseconds. */
  const threadTime = async (): Promise<number> => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN);
  };
  let connected: Connection<ChatEvents> | undefined;
  let receive: (message: unknown) => void = () => {};
  const outgoing: PageMessage[] = [];
  let sending: Promise<void> | undefined;
  let closing = false;
  const nothing = async (): Promise<void> => {};
  const host = {
    postMessage(message: PageMessage) {
      if (closing) return false;
      outgoing.push(message);
      sending ??= send();
      return true;
    },
    onDidReceiveMessage(listener: (message: unknown) => void) {
      receive = listener;
      return { dispose: () => {} };
    },
  };
  /** In the order they were posted, each in a task of its own, with time to draw after it. */
  const send = async (): Promise<void> => {
    await Promise.resolve();
    let before = stepwise ? await threadTime() : 0;
    while (outgoing.length > 0 && !closing) {
      const messages = outgoing.splice(0, stepwise ? 1 : 400);
      // As text: to take the objects apart one by one takes longer than to draw what they say.
      await page.evaluate(async (posted) => {
        const task = () =>
          new Promise<void>((resolve) => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => resolve();
            port2.postMessage(null);
          });
        for (const data of JSON.parse(posted)) {
          window.dispatchEvent(new MessageEvent('message', { data }));
          await task();
          await task();
        }
      }, JSON.stringify(messages));
      if (!stepwise) continue;
      await frameShown();
      const now = await threadTime();
      seen.work.push(now - before);
      before = now;
    }
    sending = undefined;
  };
  /** Once what was changed is laid out and painted, which follows what is called before a frame without a pause. */
  const frameShown = (): Promise<void> =>
    page.evaluate(() => {
      const { nextFrame } = window as unknown as { nextFrame(callback: () => void): void };
      return new Promise((resolve) => nextFrame(() => setTimeout(resolve)));
    });
  const takeLongTasks = async (): Promise<void> => {
    const tasks = await page.evaluate(() =>
      (window as unknown as { takeLongTasks(): number[] }).takeLongTasks(),
    );
    seen.longTasks.push(...tasks);
  };
  const mentioned = createAttach({
    async sourceOf(mention) {
      const path = mention.kind === 'file' ? mention.path : `@${mention.kind}`;
      const text = files[path];
      if (text === undefined) return { kind: 'refused', name: path, reason: `There is no ${path}.` };
      return { kind: 'text', name: path, path, text, language: 'typescript', keep: 'start' };
    },
    isSecretFile: (path) => path.endsWith('.env'),
    budget: () => 1000,
  });
  const session = createChatSession(
    {
      generate,
      attach: mentioned.attach,
      explain:
        explain ?? (async () => ({ kind: 'failed', failure: { code: 'no-expert', message: 'None.' } })),
      chatSettings: () => ({ maxTokens: 64, temperature: 0, systemPrompt: '', route: 'never' }),
      seed: () => 1,
    },
    () => connected?.tell('state', stateOf(session, experts)),
  );
  const handlers = chatHandlers(session, {
    copy: nothing,
    insert: nothing,
    propose: nothing,
    create: nothing,
    open: nothing,
    ready: () => stateOf(session, experts),
    preview: mentioned.preview,
    files: async (query) => rankPaths(Object.keys(files), query, 20),
    begin: () => session.open(newConversation()),
    log: (text) => seen.errors.push(text),
    ...actions,
  });
  let followed: (() => void) | undefined;
  const heard: typeof handlers = {
    ...handlers,
    follow(params, context) {
      const answer = handlers.follow(params, context);
      if (params.id === session.turns().at(-1)?.id) followed?.();
      return answer;
    },
  };
  servePages<ChatCalls, ChatEvents>(host, heard, (opened) => {
    connected = opened;
  });
  await page.exposeFunction('toExtension', (message: unknown) => receive(message));
  await page.addInitScript(
    ({ draw }) => {
      let found: number[] = [];
      const note = (entries: PerformanceEntryList) => found.push(...entries.map(({ duration }) => duration));
      const observer = new PerformanceObserver((list) => note(list.getEntries()));
      observer.observe({ entryTypes: ['longtask'] });
      let state: unknown = JSON.parse(sessionStorage.getItem('state') ?? 'null');
      Object.assign(window, {
        takeLongTasks() {
          // With those that it is not told of yet.
          note(observer.takeRecords());
          const taken = found;
          found = [];
          return taken;
        },
        nextFrame: requestAnimationFrame.bind(window),
        acquireVsCodeApi: () => ({
          postMessage: (message: unknown) =>
            (window as unknown as { toExtension(message: unknown): void }).toExtension(message),
          getState: () => state,
          setState(next: unknown) {
            state = next;
            sessionStorage.setItem('state', JSON.stringify(next));
          },
        }),
        drawings: 0,
        ...(draw && { requestAnimationFrame: (callback: () => void) => drawSoon(callback) }),
      });
      function drawSoon(callback: () => void) {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          (window as unknown as { drawings: number }).drawings++;
          callback();
        };
        port2.postMessage(null);
        return 1;
      }
    },
    { draw: eager },
  );
  await page.goto(address);
  await page.locator('#experts:not(:empty)').waitFor();
  return {
    page,
    session,
    seen,
    /** Once the page follows the newest turn, which is not followed yet. */
    followed: () =>
      new Promise<void>((resolve) => {
        followed = resolve;
      }),
    /** Once the page has been told everything and has drawn it; takes in the long tasks so far. */
    async drawn() {
      while (sending !== undefined) await sending;
      await frameShown();
      await takeLongTasks();
    },
    /** The same, with a while for what the page asks in answer. */
    async settled() {
      while (sending !== undefined) await sending;
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 60)));
      await takeLongTasks();
    },
    async close() {
      // What ends with the page is told to nobody.
      closing = true;
      await sending;
      await context.close();
    },
  };
}

export type OpenChat = Awaited<ReturnType<typeof openChat>>;
