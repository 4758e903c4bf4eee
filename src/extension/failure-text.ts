/** A failure as users read it. */

import { t } from '@vscode/l10n';
import type { Failure, FailureCode } from '../protocol/failure.ts';
import { language } from './language.ts';

/** In English its own sentence. In another language one that says what kind of failure it is, and then its own, which is English. */
export function failureText({ code, message }: Pick<Failure, 'code' | 'message'>): string {
  const { words } = language();
  // What the extension says itself is in the editor's language already.
  if (words === undefined || Object.values(words).includes(message)) return message;
  const kind = kindOf(code);
  return kind === undefined ? message : t('{0} ({1})', kind, message);
}

/** The same failure, with `failureText` for its sentence: for a page, which shows what it is told. */
export function failureTold(failure: Failure): Failure {
  return { ...failure, message: failureText(failure) };
}

/** Undefined for what the extension alone says. */
function kindOf(code: FailureCode): string | undefined {
  switch (code) {
    case 'file-missing':
      return t('A file is missing.');
    case 'file-unreadable':
      return t('A file cannot be read.');
    case 'model-invalid':
      return t('A model cannot be used.');
    case 'config-invalid':
      return t('The configuration of a model cannot be used.');
    case 'tokenizer-invalid':
      return t('The tokenizer of a model cannot be used.');
    case 'template-invalid':
      return t('The chat template of a model cannot be used.');
    case 'context-full':
      return t('The text is too long for the experts.');
    case 'no-expert':
      return t('No expert can answer.');
    case 'request-invalid':
      return t('This cannot be done as it was asked for.');
    case 'setting-invalid':
      return t('A setting cannot be used.');
    case 'unsupported':
      return t('This is not supported.');
    case 'out-of-memory':
      return t('There is not enough memory.');
    case 'fetch-failed':
      return t('The model could not be fetched.');
    case 'offline':
      return t('The settings forbid every connection.');
    case 'disk-full':
      return t('There is not enough room on the disk.');
    case 'internal':
      return t('Something went wrong inside Chorus.');
    case 'engine-exited':
    case 'cancelled':
      return undefined;
    default:
      return code satisfies never;
  }
}
