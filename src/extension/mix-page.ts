/** The HTML of the mix page. */

import { t } from '@vscode/l10n';
import { escaped } from './page-language.ts';
import { type WebviewFiles, webviewPage } from './webview-page.ts';

export function mixPage(files: WebviewFiles): string {
  return webviewPage(files, {
    title: t('Chorus mix'),
    body: `<div id="tabs" role="tablist" aria-label="${escaped(t('Where the weights hold'))}"></div>
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
</section>`,
  });
}
