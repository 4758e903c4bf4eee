/** Experts take seconds to answer: what they wrote about a text that was edited meanwhile would be put in the wrong place. */

import { posix } from 'node:path';
import { t } from '@vscode/l10n';

/** What of the editor's document tells an edit. */
export interface Edited {
  readonly version: number;
  readonly isClosed: boolean;
  readonly uri: { readonly path: string };
}

/** A sentence for people where the document is no longer at `version`, the one that was asked about; undefined where it is. */
export function editedMeanwhile(
  { version: now, isClosed, uri }: Edited,
  version: number,
): string | undefined {
  return isClosed || now !== version
    ? t(
        '{0} was edited meanwhile, so the answer may not fit any more. Please ask again.',
        posix.basename(uri.path),
      )
    : undefined;
}
