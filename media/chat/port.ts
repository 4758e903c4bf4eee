/** The page's end of the wire to the extension, and the little that a page keeps when it is thrown away. */

import { isPageMessage, type PageMessage } from '../../src/protocol/chat.ts';
import type { Port } from '../../src/protocol/rpc.ts';

/** What VS Code gives to a webview. */
export interface WebviewApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** Names this load of the page: messages meant for another load are not taken. */
export function pagePort(api: WebviewApi): Port {
  const page = crypto.getRandomValues(new Uint32Array(2)).join('-');
  return {
    post(message) {
      api.postMessage({ page, message } satisfies PageMessage);
      return true;
    },
    listen(receive) {
      window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (isPageMessage(data) && data.page === page) receive(data.message);
      });
    },
  };
}

/** What a page keeps while the view is hidden. */
export interface Kept {
  /** The question being written. */
  readonly draft: string;
  /** Whether answers are shown as who said what. */
  readonly origins: boolean;
}

export function kept(api: WebviewApi): Kept {
  const state = api.getState();
  const saved: Partial<Record<keyof Kept, unknown>> =
    typeof state === 'object' && state !== null ? state : {};
  return { draft: typeof saved.draft === 'string' ? saved.draft : '', origins: saved.origins === true };
}

export function keep(api: WebviewApi, change: Partial<Kept>): void {
  api.setState({ ...kept(api), ...change });
}
