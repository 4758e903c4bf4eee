/** The Mix view beneath the experts: shows the page with the sliders and joins it to the settings and the engine. */

import * as vscode from 'vscode';
import type { MixCalls, MixEvents } from '../protocol/mix.ts';
import type { Connection } from '../protocol/rpc.ts';
import { after } from './after.ts';
import { mixPage } from './mix-page.ts';
import { createMixSession, type MixSessionOptions } from './mix-session.ts';
import { mixViewId } from './names.ts';
import { registerPageView } from './page-view.ts';

export interface MixViewOptions extends Omit<MixSessionOptions, 'after'> {
  /** Fires when the page would show something else. */
  readonly onDidChange: vscode.Event<unknown>;
}

export function registerMixView(extension: vscode.Uri, options: MixViewOptions): vscode.Disposable {
  const session = createMixSession({
    ...options,
    after,
  });
  let page: Connection<MixEvents> | undefined;
  return vscode.Disposable.from(
    registerPageView<MixCalls, MixEvents>(mixViewId, {
      extension,
      name: 'mix',
      html: mixPage,
      handlers: session.handlers,
      opened: (now) => {
        page = now;
        if (now === undefined) void session.flush();
      },
    }),
    options.onDidChange(() => page?.tell('state', session.state())),
    { dispose: () => void session.flush() },
  );
}
