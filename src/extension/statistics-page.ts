/** The HTML of the statistics page: a fixed frame for the bundled script and style, and the policy that keeps all else out. */

import type { MixPage } from './mix-page.ts';

export function statisticsPage({ script, style, source, nonce }: MixPage): string {
  const policy = `default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>Chorus statistics</title>
</head>
<body>
<main>
<header>
<h1>Statistics</h1>
<p class="faint">Counts alone, kept on this machine: no text, no names of files. Nothing of it leaves the machine.</p>
<div class="row">
<label for="days">Show</label>
<select id="days"><option value="7">7 days</option><option value="30" selected>30 days</option><option value="90">90 days</option><option value="400">all days</option></select>
<button id="save" type="button">Export...</button>
<button id="reset" type="button" class="quiet">Reset...</button>
</div>
</header>
<p id="nothing" role="status" hidden>Nothing was counted in these days yet. Write in a file: what is suggested, and what you take of it, appears here.</p>
<div id="content" hidden>
<dl id="figures"></dl>
<div id="plots"></div>
<div id="tables"></div>
</div>
</main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
