/** The HTML of the mix page: a fixed frame for the bundled script and style, and the policy that keeps all else out. */

import { t } from '@vscode/l10n';
import { escaped, languageAttributes } from './page-language.ts';

export interface MixPage {
  readonly script: string;
  readonly style: string;
  /** The origin from which the webview may load the extension's own files. */
  readonly source: string;
  /** Fresh for each page. */
  readonly nonce: string;
}

export function mixPage({ script, style, source, nonce }: MixPage): string {
  const policy = `default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html ${languageAttributes()}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>${escaped(t('Chorus mix'))}</title>
</head>
<body>
<div id="tabs" role="tablist" aria-label="${escaped(t('Where the weights hold'))}"></div>
<div id="panel" role="tabpanel" tabindex="-1">
<div id="sliders"></div>
<p id="note" class="faint"></p>
<p class="actions"><button id="same" type="button" class="quiet" hidden>${escaped(t('Same as everywhere'))}</button><button id="choose" type="button" class="quiet">${escaped(t('Choose Mix...'))}</button><button id="save" type="button" class="quiet">${escaped(t('Save Mix As...'))}</button></p>
</div>
<section aria-labelledby="memory-name">
<h2 id="memory-name">${escaped(t('Memory'))}</h2>
<div id="memory" class="bar" role="img"></div>
<p id="memory-text" class="faint"></p>
</section>
<section aria-labelledby="try-name">
<h2 id="try-name">${escaped(t('Try it'))}</h2>
<form id="try">
<textarea id="text" rows="2" aria-labelledby="try-name"></textarea>
<button id="go" type="submit">${escaped(t('Try'))}</button>
<button id="stop" type="button" hidden>${escaped(t('Stop'))}</button>
</form>
<pre id="answer" hidden></pre>
<div id="shares" class="bar" aria-hidden="true"></div>
<p id="legend" class="faint" role="status" aria-live="polite"></p>
</section>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
