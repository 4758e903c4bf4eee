/** The Mix view beneath the experts: shows the page with the sliders and joins it to the settings and the engine. */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { MixCalls, MixEvents } from '../protocol/mix.ts';
import type { Connection } from '../protocol/rpc.ts';
import { after } from './after.ts';
import { mixPage } from './mix-page.ts';
import { createMixSession, type MixSessionOptions } from './mix-session.ts';
import { mixViewId } from './names.ts';
import { servePages } from './pages.ts';

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
  const provider: vscode.WebviewViewProvider = {
    resolveWebviewView(view) {
      const { webview } = view;
      const media = vscode.Uri.joinPath(extension, 'dist', 'media');
      const file = (name: string): string =>
        webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
      webview.options = { enableScripts: true, localResourceRoots: [media] };
      const listening = servePages<MixCalls, MixEvents>(webview, session.handlers, (connection) => {
        page = connection;
      });
      view.onDidDispose(() => {
        listening.dispose();
        page = undefined;
        void session.flush();
      });
      webview.html = mixPage({
        script: file('mix.js'),
        style: file('mix-style.css'),
        source: webview.cspSource,
        nonce: randomBytes(16).toString('base64url'),
      });
    },
  };
  return vscode.Disposable.from(
    vscode.window.registerWebviewViewProvider(mixViewId, provider),
    options.onDidChange(() => page?.tell('state', session.state())),
    { dispose: () => void session.flush() },
  );
}
