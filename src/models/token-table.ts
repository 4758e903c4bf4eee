/** Which id is which token, from a tokenizer.json: what decides whether two models have one vocabulary. */

import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { ChorusError } from '../protocol/failure.ts';
import { readJson } from './json.ts';

const MEBIBYTE = 1024 * 1024;

/** Far above any model's, far below what would fill memory or time. */
const MAX_TOKENS = 1_000_000;
const MAX_ADDED_TOKENS = 20_000;

type Vocabulary = Readonly<Record<string, number>> | readonly (readonly [string, number])[];

/** Token -> id, or [token, score] in the order of ids. Kept as it is: 'constructor' is a token like any other. */
function isVocabulary(value: unknown): value is Vocabulary {
  if (Array.isArray(value)) {
    return value.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string');
  }
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((id) => Number.isSafeInteger(id) && id >= 0);
}

const schema = v.looseObject({
  added_tokens: v.optional(
    v.pipe(
      v.array(
        v.looseObject({
          id: v.pipe(v.number(), v.integer(), v.minValue(0)),
          content: v.pipe(v.string(), v.minLength(1)),
          special: v.optional(v.boolean(), false),
        }),
      ),
      v.maxLength(MAX_ADDED_TOKENS),
    ),
    [],
  ),
  decoder: v.optional(v.unknown()),
  post_processor: v.optional(v.unknown()),
  model: v.looseObject({
    type: v.optional(v.string(), 'BPE'),
    vocab: v.custom<Vocabulary>(isVocabulary, 'must map tokens to ids of at least 0'),
  }),
});

export type TokenizerJson = v.InferOutput<typeof schema>;

export interface TokenTable {
  readonly json: TokenizerJson;
  /** Token of each id; null where no token has it. */
  readonly tokens: readonly (string | null)[];
  /** SHA-256 over the tokens. */
  readonly hash: string;
}

/**
 * Reads `file`, a tokenizer.json; a `ChorusError` says what is wrong with it.
 * @param rows of the model: tokens that were added beyond them are none of its tokens
 */
export async function readTokenTable(file: string, rows = Number.POSITIVE_INFINITY): Promise<TokenTable> {
  const whole = await readJson(file, schema, { limit: 256 * MEBIBYTE });
  const json = { ...whole, added_tokens: whole.added_tokens.filter(({ id }) => id < rows) };
  const tokens = tokensOf(file, json);
  return { json, tokens, hash: createHash('sha256').update(JSON.stringify(tokens)).digest('hex') };
}

function tokensOf(file: string, json: TokenizerJson): (string | null)[] {
  const { vocab } = json.model;
  const entries: (readonly [string, number])[] = [];
  if (Array.isArray(vocab)) for (const [id, [token]] of vocab.entries()) entries.push([token, id]);
  else for (const entry of Object.entries(vocab)) entries.push(entry);
  for (const { content, id } of json.added_tokens) entries.push([content, id]);
  const size = entries.reduce((most, [, id]) => Math.max(most, id + 1), 0);
  if (size === 0 || size > MAX_TOKENS) {
    throw new ChorusError(
      'tokenizer-invalid',
      `${file} numbers its tokens up to ${size - 1}; a vocabulary has 1 to ${MAX_TOKENS} tokens. Download the model again.`,
      file,
    );
  }
  const table: (string | null)[] = new Array(size).fill(null);
  for (const [token, id] of entries) table[id] = token;
  return table;
}
