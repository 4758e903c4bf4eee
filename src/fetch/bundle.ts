/** A bundle: one zip archive with models of the catalogue, for machines that reach no network. What lies where in it, and its manifest. */

import * as v from 'valibot';
import { type FetchedModel, fetchedSchema } from '../models/catalog.ts';

export const MANIFEST_ENTRY = 'chorus-bundle.json';
/** Catalogue entries are about a kilobyte each. */
export const MOST_MANIFEST_BYTES = 1 << 20;

/** Each model as the catalogue of the machine that made the bundle has it, with the one source whose files are in the archive. */
export const bundleSchema = v.strictObject({
  bundle: v.literal(1),
  models: v.pipe(v.array(fetchedSchema), v.minLength(1), v.maxLength(100)),
});

/** Where a file of a model lies in the archive; both names are plain ones, by the schema. */
export function entryOf({ id }: FetchedModel, path: string): string {
  return `models/${id}/${path}`;
}
