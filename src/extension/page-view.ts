/** A view of the side bar that shows a page. */

import * as vscode from 'vscode';
import type { Connection, Contract, Handlers } from '../protocol/rpc.ts';
import { servePages } from './pages.ts';
import { webviewFiles, webviewOptions } from './webview-files.ts';
import type { WebviewFiles } from './webview-page.ts';

export interface PageViewOptions<Calls extends Contract, Events extends Contract> {
  /** The extension's own folder. */
  readonly extension: vscode.Uri;
  /** That of the page's files. */
  readonly name: string;
  readonly html: (files: WebviewFiles) => string;
  readonly handlers: Handlers<Calls>;
  /** Told of each page that is loaded, and undefined where the view is gone. */
  readonly opened: (page: Connection<Events> | undefined) => void;
}

export function registerPageView<Calls extends Contract, Events extends Contract>(
  id: string,
  { extension, name, html, handlers, opened }: PageViewOptions<Calls, Events>,
): vscode.Disposable {
  return vscode.window.registerWebviewViewProvider(id, {
    resolveWebviewView(view) {
      const { webview } = view;
      webview.options = webviewOptions(extension);
      const listening = servePages<Calls, Events>(webview, handlers, opened);
      view.onDidDispose(() => {
        listening.dispose();
        opened(undefined);
      });
      webview.html = html(webviewFiles(webview, extension, name));
    },
  });
}
