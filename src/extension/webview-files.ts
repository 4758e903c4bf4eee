/** Where a page in a webview finds its script and style: in the folder of built pages, and it may load nothing else. */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { WebviewFiles } from './webview-page.ts';

/** The built pages and icons; `extension` is the extension's own folder. */
export function mediaFolder(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, 'dist', 'media');
}

export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [mediaFolder(extension)] };
}

/** Of the page called `name`: `mix` for `mix.js` and `mix-style.css`. */
export function webviewFiles(webview: vscode.Webview, extension: vscode.Uri, name: string): WebviewFiles {
  const file = (named: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(mediaFolder(extension), named)).toString();
  return {
    script: file(`${name}.js`),
    style: file(`${name}-style.css`),
    source: webview.cspSource,
    nonce: randomBytes(16).toString('base64url'),
  };
}
