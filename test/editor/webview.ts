// A page of the extension as it is built, in Chromium, under its own policy and in one of the four kinds of theme, as a webview shows it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import axe, { type AxeResults, type RunOptions } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import type { PageHost } from '../../src/extension/pages.ts';
import type { PageMessage } from '../../src/protocol/chat.ts';
import { installedIn, provided } from './provided.ts';
import { baseStyle, type Theme, themeStyle } from './themes.ts';

const ORIGIN = 'http://page.test';
/** Of the extension as it was installed: meanwhile another test may build dist/ anew. */
const media = () => join(installedIn(provided().extensions), 'dist', 'media');

export interface PageSeen {
  /** Every request for something else than the page's own files. */
  readonly requests: string[];
  readonly dialogs: string[];
  /** What the page's policy forbade, uncaught errors, and what was written to the console as an error. */
  readonly errors: string[];
}

export interface ShownPage {
  /** Of its bundle: `chat` for chat.js and chat-style.css. */
  readonly name: string;
  readonly html: (page: {
    readonly script: string;
    readonly style: string;
    readonly source: string;
    readonly nonce: string;
  }) => string;
  /** What is behind it. */
  readonly background: string;
  readonly theme: Theme;
}

/** Notes what `page` does that it should not. */
export async function watchPage(page: Page, seen: PageSeen): Promise<void> {
  page.on('dialog', (dialog) => {
    seen.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => seen.errors.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') seen.errors.push(message.text());
  });
}

/** The page's own files from the disk, beneath the address that is given; everything else that is asked for is noted and refused. */
export async function servePage(
  page: Page,
  { name, html, background, theme }: ShownPage,
  { requests }: PageSeen,
): Promise<string> {
  const { className, style } = themeStyle(theme);
  const body = html({
    script: `${ORIGIN}/${name}.js`,
    style: `${ORIGIN}/${name}-style.css`,
    source: ORIGIN,
    nonce: 'once',
  })
    // As VS Code does: the theme's variables on the root, its kind on the body.
    .replace('<html ', `<html style="${style}" `)
    .replace('<body>', `<body class="${className}">`);
  const surroundings = `${baseStyle}\nhtml { background: var(${background}); }\n`;
  const own = new RegExp(`^/(${name}\\.js|${name}-style\\.css|fonts/[\\w-]+\\.woff2)$`);
  const types: Readonly<Record<string, string>> = {
    js: 'text/javascript',
    css: 'text/css',
    woff2: 'font/woff2',
  };
  await page.route('**/*', async (route) => {
    const { pathname, origin } = new URL(route.request().url());
    if (origin === ORIGIN && pathname === '/') return route.fulfill({ contentType: 'text/html', body });
    const contentType = types[pathname.slice(pathname.lastIndexOf('.') + 1)];
    if (origin === ORIGIN && contentType !== undefined && own.test(pathname)) {
      const file = readFileSync(join(media(), pathname));
      return route.fulfill({
        contentType,
        body: pathname.endsWith('.css') ? `${surroundings}${file}` : file,
      });
    }
    requests.push(route.request().url());
    return route.abort();
  });
  return `${ORIGIN}/`;
}

/** Opens a page; `serve` joins it to what answers it. */
export async function openPage(
  browser: Browser,
  shown: ShownPage & { readonly width: number; readonly serve: (host: PageHost) => void },
) {
  const seen: PageSeen = { requests: [], dialogs: [], errors: [] };
  const context = await browser.newContext({ viewport: { width: shown.width, height: 800 } });
  const page = await context.newPage();
  await watchPage(page, seen);
  const address = await servePage(page, shown, seen);
  let receive: (message: unknown) => void = () => {};
  let isClosed = false;
  shown.serve({
    postMessage: (message: PageMessage) => {
      if (isClosed) return;
      void page
        .evaluate((data) => window.dispatchEvent(new MessageEvent('message', { data })), message)
        .catch((thrown: unknown) => {
          if (!isClosed) seen.errors.push(String(thrown));
        });
    },
    onDidReceiveMessage(listener) {
      receive = listener;
      return { dispose: () => {} };
    },
  });
  await page.exposeFunction('toExtension', (message: unknown) => receive(message));
  await page.addInitScript(() => {
    Object.assign(window, {
      acquireVsCodeApi: () => ({
        postMessage: (message: unknown) =>
          (window as unknown as { toExtension(message: unknown): void }).toExtension(message),
        getState: () => undefined,
        setState: () => {},
      }),
    });
  });
  await page.goto(address);
  return {
    page,
    seen,
    async close() {
      isClosed = true;
      await context.close();
    },
  };
}

interface AxeOnPage {
  run(options: RunOptions): Promise<AxeResults>;
}

/** What axe finds on the page that is serious or critical, each with the element. */
export async function seriousOn(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    // Of what passes it need not tell where.
    (window as unknown as { axe: AxeOnPage }).axe.run({ resultTypes: ['violations'] }),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}
