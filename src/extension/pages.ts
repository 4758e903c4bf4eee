/** One connection for each load of a page: a view that was hidden loads its page anew inside the same webview. */

import { isPageMessage, type PageMessage } from '../protocol/chat.ts';
import { type Connection, type Contract, connect, type Handlers } from '../protocol/rpc.ts';

/** What is needed of a webview. */
export interface PageHost {
  postMessage(message: PageMessage): unknown;
  onDidReceiveMessage(listener: (message: unknown) => void): { dispose(): void };
}

/**
 * Serves the newest page alone; `opened` is told of each. What an older page had called goes on, but its result is
 * posted to nobody.
 */
export function servePages<Calls extends Contract, Events extends Contract>(
  host: PageHost,
  handlers: Handlers<Calls>,
  opened: (page: Connection<Events>) => void,
): { dispose(): void } {
  let current: string | undefined;
  let receive: (message: unknown) => void = () => {};

  const open = (name: string): void => {
    current = name;
    const page = connect<Events, Calls>(
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
