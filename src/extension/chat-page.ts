/** The HTML of the chat page. */

import { t } from '@vscode/l10n';
import { escaped } from './page-language.ts';
import { type WebviewFiles, webviewPage } from './webview-page.ts';

export function chatPage(files: WebviewFiles): string {
  return webviewPage(files, {
    title: t('Chorus chat'),
    // KaTeX places its glyphs by style attributes (heights, shifts, widths); Markdown's HTML is off, so no attribute
    // comes from an answer. Style elements and everything else inline stay forbidden.
    policy: ["style-src-attr 'unsafe-inline'", `font-src ${files.source}`],
    body: `<main id="conversation" role="log" aria-live="off" aria-label="${escaped(t('Conversation'))}" tabindex="-1"></main>
<div id="announcement" class="unseen" role="status" aria-live="polite"></div>
<div id="cut" role="status" hidden></div>
<div id="refused" role="status" hidden></div>
<form id="composer">
<div id="mentions" role="listbox" aria-label="${escaped(t('What can be mentioned'))}" hidden></div>
<ul id="attached" class="attachments" aria-label="${escaped(t('Goes with the question'))}" aria-live="polite" hidden></ul>
<textarea id="question" rows="1" aria-label="${escaped(t('Question'))}" aria-describedby="experts" aria-autocomplete="list" aria-haspopup="listbox" aria-controls="mentions"></textarea>
<div class="row">
<span id="experts"></span>
<button id="origins" type="button" class="quiet" aria-pressed="false" hidden>${escaped(t('Who said what'))}</button>
<button id="begin" type="button" class="quiet">${escaped(t('New chat'))}</button>
<button id="send" type="submit">${escaped(t('Send'))}</button>
<button id="stop" type="button" hidden>${escaped(t('Stop'))}</button>
</div>
</form>`,
  });
}
