/** Why the experts do not get a text: its file is secret by the setting, or it holds a key. One rule for all that a user shows them. */

import { t } from '@vscode/l10n';
import { secretIn } from '../text/secrets.ts';
import type { IsSecretFile } from './secret-files.ts';

export interface ShownText {
  /** As people know it. */
  readonly name: string;
  /** Of the file that the text comes from, where it comes from one. */
  readonly path?: string | undefined;
  /** Left out before the file is read. */
  readonly text?: string;
}

/** A sentence for people; undefined where the experts may get the text. */
export type RefusalOf = (shown: ShownText) => string | undefined;

export function createRefusal(isSecretFile: IsSecretFile): RefusalOf {
  return ({ name, path, text = '' }) => {
    if (path !== undefined && isSecretFile(path))
      return t('{0} is a secret file by the setting chorus.secretFiles: it is not read.', name);
    if (secretIn(text) !== undefined)
      return t('{0} holds what looks like a key or a password, so the experts do not get it.', name);
    return undefined;
  };
}
