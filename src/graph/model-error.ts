/** What is wrong with a model file, as a sentence with the file and the remedy. */

import { ChorusError } from '../protocol/failure.ts';

const LONGEST_QUOTE = 100;

/** `why` goes on after "... cannot be used: " and ends without a full stop. */
export function invalidModel(file: string, why: string): ChorusError {
  return new ChorusError(
    'model-invalid',
    `${file} cannot be used: ${why}. Download the model again, or choose another.`,
    file,
  );
}

/** The file is as its format wants it, but holds what Chorus cannot run. */
export function unsupportedModel(file: string, why: string): ChorusError {
  return new ChorusError('unsupported', `${file} cannot be used: ${why}. Choose another model.`, file);
}

/** A name from the file, short and in quotes: what comes from outside does not fill a message. */
export function quoted(name: string): string {
  return `'${name.length > LONGEST_QUOTE ? `${name.slice(0, LONGEST_QUOTE)}…` : name}'`;
}
