// Finds a Chromium that playwright-core can drive; installs Debian's where none is there.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDebianPackages, hasApt } from './debian.mjs';
import { findCommand, isScript, main } from './process.mjs';

const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];

function applications() {
  const { LOCALAPPDATA, ProgramFiles } = process.env;
  const mac = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
    (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
  );
  const windows = [ProgramFiles, LOCALAPPDATA, process.env['ProgramFiles(x86)']]
    .filter(Boolean)
    .flatMap((folder) => [
      join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
      join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
    ]);
  return { darwin: mac, win32: windows }[process.platform] ?? [];
}

/** A Chromium that is there; undefined where none is. */
export function findChromium() {
  const onPath = commands.map(findCommand).find(Boolean);
  return onPath ?? applications().find((path) => existsSync(path));
}

/** The path of Chromium, or of a browser made from it. The environment variable CHROMIUM names one explicitly. */
export async function provideChromium() {
  const { CHROMIUM } = process.env;
  if (CHROMIUM) {
    if (!existsSync(CHROMIUM)) throw new Error(`CHROMIUM names ${CHROMIUM}, which does not exist.`);
    return CHROMIUM;
  }
  const found = findChromium();
  if (found) return found;
  if (hasApt()) await ensureDebianPackages(['chromium'], { purpose: 'test in a real editor' });
  const installed = findChromium();
  if (installed) return installed;
  throw new Error(
    'The real-editor tests need Chromium or Chrome, and none was found. Install one, or set CHROMIUM to its path.',
  );
}

if (isScript(import.meta.url)) await main(async () => console.log(await provideChromium()));
