/** The HTML of a page in a webview: a fixed frame around its body, and the policy that keeps all but its own script and style out. */

import { escaped, languageAttributes } from './page-language.ts';

export interface WebviewFiles {
  readonly script: string;
  readonly style: string;
  /** The origin from which the webview may load the extension's own files. */
  readonly source: string;
  /** Fresh for each page. */
  readonly nonce: string;
}

export interface WebviewPage {
  readonly title: string;
  /** HTML, in which everything that is shown is escaped already. */
  readonly body: string;
  /** Directives that the page needs besides. */
  readonly policy?: readonly string[];
}

export function webviewPage(
  { script, style, source, nonce }: WebviewFiles,
  { title, body, policy = [] }: WebviewPage,
): string {
  const directives = [
    "default-src 'none'",
    `style-src ${source}`,
    ...policy,
    `script-src 'nonce-${nonce}'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html ${languageAttributes()}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${directives}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>${escaped(title)}</title>
</head>
<body>
${body}
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
