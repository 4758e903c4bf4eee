/** The page's end of the wire to the extension, and the little that a page keeps when it is thrown away. */

import { isPageMessage, type PageMessage } from '../../src/protocol/chat.ts';
import type { Port } from '../../src/protocol/rpc.ts';

/** What VS Code gives to a webview. */
export interface WebviewApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** `page` names this load of the page: messages meant for another load are not taken. */
export function pagePort(api: WebviewApi, page: string): Port {
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

/** The question being written, kept while the view is hidden. */
export function savedDraft(api: WebviewApi): string {
  const state = api.getState();
  return typeof state === 'object' && state !== null && 'draft' in state && typeof state.draft === 'string'
    ? state.draft
    : '';
}

export function saveDraft(api: WebviewApi, draft: string): void {
  api.setState({ draft });
}
