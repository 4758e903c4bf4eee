/** The list of `chorus models`: what the catalogue offers, what of it is here, and what is here besides. */

import { join } from 'node:path';
import { megabytes } from '../fetch/disk.ts';
import {
  type Catalog,
  type CatalogModel,
  diskBytes,
  downloadBytes,
  type FetchedModel,
  licenceText,
  sourceName,
} from '../models/catalog.ts';
import { memoryText } from '../models/offer.ts';
import { placeOf, storedIds, storedModel } from '../models/stored-model.ts';

export interface ListRun {
  /** The folder of the embedded models. */
  readonly models: string;
  readonly output: NodeJS.WritableStream;
  readonly json: boolean;
}

export type Named = Pick<FetchedModel, 'id' | 'name'>;

/** Models that are here, from a bundle, and that the catalogue does not know; by their ids, as nothing vouches for their names. */
export async function strangers({ models }: Catalog, folder: string): Promise<Named[]> {
  const ids = await storedIds(folder);
  return ids.filter((id) => models.every((model) => model.id !== id)).map((id) => ({ id, name: id }));
}

export async function listModels(catalog: Catalog, folder: string, run: ListRun): Promise<void> {
  const { models } = catalog;
  const known = await Promise.all(models.map((model) => rowOf(model, folder, run.models)));
  const rows = [...known, ...(await strangers(catalog, folder)).map((model) => strangerRow(model, folder))];
  if (run.json) {
    for (const row of rows) run.output.write(`${JSON.stringify(row)}\n`);
    return;
  }
  const head = ['model', 'size', 'context', 'can', 'licence', 'state'];
  const cells = rows.map((row) => [
    row.id,
    row.bytes === null ? '' : megabytes(row.bytes),
    `${row.contextLength ?? ''}`,
    row.can.join(' '),
    row.licence ?? '',
    row.folder ?? `not here: chorus models fetch ${row.id}`,
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map((line) => line[i]?.length ?? 0)));
  for (const line of [head, ...cells]) {
    run.output.write(
      `${line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
  const wanted = models.filter((model, i) => model.kind === 'fetched' && rows[i]?.folder === null);
  for (const model of wanted) {
    if (model.kind !== 'fetched') continue;
    const sources = model.sources.map(
      (source) => `${megabytes(downloadBytes(source))} from ${sourceName(source)}`,
    );
    run.output.write(
      `\n${model.id}: ${model.summary}\n  ${sources.join(', or else ')}; ${memoryText(model)} of memory; ${licenceText(model.licence)}\n`,
    );
  }
}

/** A line of the list; its fields are those of the JSON. */
interface Row {
  readonly id: string;
  readonly name: string;
  readonly summary: string;
  /** Null for a model that the catalogue does not know, as are its base, licence, parameters, context length and bytes. */
  readonly family: string | null;
  readonly base: string | null;
  readonly licence: string | null;
  readonly parameters: number | null;
  readonly contextLength: number | null;
  readonly can: readonly string[];
  /** On the disk; null for what comes with Chorus, too. */
  readonly bytes: number | null;
  /** Where it is; null where it is not. */
  readonly folder: string | null;
}

function strangerRow(model: Named, folder: string): Row {
  const unknown = {
    family: null,
    base: null,
    licence: null,
    parameters: null,
    contextLength: null,
    bytes: null,
  };
  const summary = 'From a bundle; the catalogue does not know it.';
  return { ...model, ...unknown, summary, can: [], folder: placeOf(folder, model) };
}

async function rowOf(model: CatalogModel, folder: string, embedded: string): Promise<Row> {
  const { id, name, summary, family, base = null, licence, parameters, contextLength, can } = model;
  const place = model.kind === 'embedded' ? join(embedded, id) : await storedModel(folder, model);
  const [first] = model.kind === 'fetched' ? model.sources : [];
  const bytes = first === undefined ? null : diskBytes(first);
  return {
    id,
    name,
    summary,
    family,
    base,
    licence: licence.spdx,
    parameters,
    contextLength,
    can,
    bytes,
    folder: place ?? null,
  };
}
