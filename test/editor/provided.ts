// What scripts/editor-test.mjs provides, as JSON in the environment variable CHORUS_EDITOR.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeServer } from '../../scripts/serve.mjs';

export interface Provided {
  readonly chromium: string;
  readonly codeServer: CodeServer;
  /** A folder of extensions with the one that was built for this run. */
  readonly extensions: string;
}

export function provided(): Provided {
  const found = JSON.parse(process.env.CHORUS_EDITOR ?? 'null') as Provided | null;
  if (found) return found;
  throw new Error('Run these tests with "npm run editor", which provides the editor that they drive.');
}

/** The folder of the installed extension. */
export function installedIn(extensions: string): string {
  const name = readdirSync(extensions).find((found) => found.startsWith('chorus-mod.chorus-'));
  if (name === undefined) throw new Error('The extension is not installed.');
  return join(extensions, name);
}
