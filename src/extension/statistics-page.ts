/** The HTML of the statistics page. */

import { t } from '@vscode/l10n';
import { escaped } from './page-language.ts';
import { type WebviewFiles, webviewPage } from './webview-page.ts';

export function statisticsPage(files: WebviewFiles): string {
  return webviewPage(files, {
    title: t('Chorus statistics'),
    body: `<main>
<header>
<h1>${escaped(t('Statistics'))}</h1>
<p class="faint">${escaped(t('Counts alone, kept on this machine: no text, no names of files. Nothing of it leaves the machine.'))}</p>
<div class="row">
<label for="days">${escaped(t('Show'))}</label>
<select id="days"><option value="7">${escaped(t('7 days'))}</option><option value="30" selected>${escaped(t('30 days'))}</option><option value="90">${escaped(t('90 days'))}</option><option value="400">${escaped(t('all days'))}</option></select>
<button id="save" type="button">${escaped(t('Export...'))}</button>
<button id="reset" type="button" class="quiet">${escaped(t('Reset...'))}</button>
</div>
</header>
<p id="nothing" role="status" hidden>${escaped(t('Nothing was counted in these days yet. Write in a file: what is suggested, and what you take of it, appears here.'))}</p>
<div id="content" hidden>
<dl id="figures"></dl>
<div id="plots"></div>
<div id="tables"></div>
</div>
</main>`,
  });
}
