/** Reads a JSON file from outside: bounded, parsed and checked against a schema, with an error that names the file. */

import { readFile, stat } from 'node:fs/promises';
import * as v from 'valibot';
import { ChorusError } from '../protocol/failure.ts';
import { issueWords } from './issue-words.ts';

const MEBIBYTE = 1024 * 1024;

export interface ReadJsonOptions {
  /** Gives undefined instead of an error where the file does not exist. */
  readonly optional?: boolean;
  /** Largest file accepted, in bytes; 4 MiB unless given. */
  readonly limit?: number;
}

export async function readJson<Schema extends v.GenericSchema>(
  file: string,
  schema: Schema,
  options: ReadJsonOptions & { readonly optional: true },
): Promise<v.InferOutput<Schema> | undefined>;
export async function readJson<Schema extends v.GenericSchema>(
  file: string,
  schema: Schema,
  options?: ReadJsonOptions,
): Promise<v.InferOutput<Schema>>;
export async function readJson<Schema extends v.GenericSchema>(
  file: string,
  schema: Schema,
  { optional = false, limit = 4 * MEBIBYTE }: ReadJsonOptions = {},
): Promise<v.InferOutput<Schema> | undefined> {
  const text = await readBounded(file, limit);
  if (text === undefined) {
    if (optional) return undefined;
    throw new ChorusError('file-missing', `${file} is missing. Download the model again.`, file);
  }
  return checkJson(file, parse(file, text), schema);
}

/** `json`, found in `file`, as `schema` wants it; an error that names the file and the place where it is not. */
export function checkJson<Schema extends v.GenericSchema>(
  file: string,
  json: unknown,
  schema: Schema,
): v.InferOutput<Schema> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ChorusError(
      'config-invalid',
      `${file} does not hold a JSON object. Download the model again.`,
      file,
    );
  }
  // Only the first issue is told; hostile files have millions.
  const checked = v.safeParse(schema, json, { abortEarly: true });
  if (checked.success) return checked.output;
  throw new ChorusError(
    'config-invalid',
    `${file} cannot be used: ${issueWords(checked.issues[0])}. Correct the file or download the model again.`,
    file,
  );
}

async function readBounded(file: string, limit: number): Promise<string | undefined> {
  try {
    const found = await stat(file);
    if (!found.isFile()) {
      throw new ChorusError('file-unreadable', `${file} is not a file. Download the model again.`, file);
    }
    const { size } = found;
    if (size > limit) {
      throw new ChorusError(
        'config-invalid',
        `${file} has ${size} bytes, more than the ${limit} that such a file may have. Download the model again.`,
        file,
      );
    }
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof ChorusError) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ChorusError(
      'file-unreadable',
      `${file} cannot be read: ${message}. Check its permissions.`,
      file,
    );
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ChorusError(
      'config-invalid',
      `${file} is not valid JSON (${why.slice(0, 200)}). It may be cut short: download the model again.`,
      file,
    );
  }
}
