/** One connection for each load of the chat page: a view that was hidden loads its page anew inside the same webview. */

import { type ChatCalls, type ChatEvents, isPageMessage, type PageMessage } from '../protocol/chat.ts';
import { type Connection, connect, type Handlers } from '../protocol/rpc.ts';

export type Page = Connection<ChatEvents>;

/** What is needed of a webview. */
export interface PageHost {
  postMessage(message: PageMessage): unknown;
  onDidReceiveMessage(listener: (message: unknown) => void): { dispose(): void };
}

/**
 * Serves the newest page alone; `opened` is told of each. What an older page had called goes on, but its result is
 * posted to nobody.
 */
export function servePages(
  host: PageHost,
  handlers: Handlers<ChatCalls>,
  opened: (page: Page) => void,
): { dispose(): void } {
  let current: string | undefined;
  let receive: (message: unknown) => void = () => {};

  const open = (name: string): void => {
    current = name;
    const page = connect<ChatEvents, ChatCalls>(
      {
        post(message) {
          if (current !== name) return false;
          // Whether it arrived does not matter: a hidden page asks for the state when it is loaded again.
          void host.postMessage({ page: name, message });
          return true;
        },
        listen(listener) {
          receive = listener;
        },
      },
      handlers,
    );
    opened(page);
  };

  const listening = host.onDidReceiveMessage((value) => {
    if (!isPageMessage(value)) return;
    if (value.page !== current) open(value.page);
    receive(value.message);
  });
  return {
    dispose() {
      current = undefined;
      listening.dispose();
    },
  };
}
