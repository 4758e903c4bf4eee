/**
 * A model's tokenizer: text to ids with special tokens only where they are meant, ids to bytes, and the hash of the
 * token table that says which experts may be mixed token by token.
 */

import { createHash } from 'node:crypto';
import { Tokenizer as Encoder } from '@huggingface/tokenizers';
import * as v from 'valibot';
import { readJson } from '../models/json.ts';
import { ChorusError } from '../protocol/failure.ts';
import { tokenBytes } from './token-bytes.ts';

export interface Tokenizer {
  /** Number of tokens: the highest id + 1. */
  readonly size: number;
  /** SHA-256 over the id -> token table. */
  readonly hash: string;
  /** The Jinja chat template, where the model has one. */
  readonly chatTemplate: string | undefined;
  /** Names of the special tokens the template may use. */
  readonly names: Readonly<Record<string, string>>;
  readonly specialIds: ReadonlySet<number>;
  /** Plain text: a special token written in it is encoded as ordinary characters. */
  encode(text: string): readonly number[];
  /** Text in which special tokens count. */
  encodeWithSpecials(text: string): readonly number[];
  /** Text cut at its special tokens: ids for these, strings between. */
  splitSpecials(text: string): readonly (string | number)[];
  specialId(token: string): number | undefined;
  /** The bytes a token stands for; empty for an unknown id. */
  bytes(id: number): Uint8Array;
}

const MEBIBYTE = 1024 * 1024;

const tokenizerSchema = v.looseObject({
  added_tokens: v.optional(
    v.array(
      v.looseObject({
        id: v.pipe(v.number(), v.integer(), v.minValue(0)),
        content: v.pipe(v.string(), v.minLength(1)),
        special: v.optional(v.boolean(), false),
      }),
    ),
    [],
  ),
  decoder: v.optional(v.unknown()),
  model: v.looseObject({
    type: v.optional(v.string(), 'BPE'),
    vocab: v.union([
      v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0))),
      v.array(v.tuple([v.string(), v.number()])),
    ]),
  }),
});

const specialName = v.nullish(v.union([v.string(), v.looseObject({ content: v.string() })]));
const configSchema = v.looseObject({
  chat_template: v.optional(
    v.union([v.string(), v.array(v.looseObject({ name: v.string(), template: v.string() }))]),
  ),
  bos_token: specialName,
  eos_token: specialName,
  unk_token: specialName,
  pad_token: specialName,
});

/** Largest id accepted: far above any model's, far below what would fill memory. */
const MAX_TOKENS = 1_000_000;

export async function readTokenizer(file: string, configFile: string): Promise<Tokenizer> {
  const json = await readJson(file, tokenizerSchema, { limit: 256 * MEBIBYTE });
  const config = (await readJson(configFile, configSchema, { optional: true })) ?? {};
  const specials = json.added_tokens.filter((token) => token.special);
  const plain = {
    ...json,
    added_tokens: json.added_tokens.filter((token) => !token.special),
    post_processor: null,
  };
  const encoder = createEncoder(file, plain, { ...config, clean_up_tokenization_spaces: false });

  const table = tokenTable(file, json);
  const specialByName = new Map(specials.map((token) => [token.content, token.id]));
  const split = specials.length === 0 ? undefined : new RegExp(`(${specials.map(escaped).join('|')})`);
  const addedIds = new Set(json.added_tokens.map((token) => token.id));
  const toBytes = tokenBytes(json.decoder);

  const encode = (text: string): readonly number[] =>
    text === '' ? [] : encoder.encode(text, { add_special_tokens: false }).ids;

  const splitSpecials = (text: string): (string | number)[] =>
    (split === undefined ? [text] : text.split(split))
      .filter((part) => part !== '')
      .map((part) => specialByName.get(part) ?? part);

  return {
    size: table.length,
    hash: createHash('sha256').update(JSON.stringify(table)).digest('hex'),
    chatTemplate: chatTemplate(config.chat_template),
    names: specialNames(config),
    specialIds: new Set(specials.map((token) => token.id)),
    encode,
    encodeWithSpecials: (text) =>
      splitSpecials(text).flatMap((part) => (typeof part === 'number' ? part : encode(part))),
    splitSpecials,
    specialId: (token) => specialByName.get(token),
    bytes: (id) => {
      const token = table[id];
      if (token === undefined || token === null) return new Uint8Array(0);
      return addedIds.has(id) ? new TextEncoder().encode(token) : toBytes(token);
    },
  };
}

function createEncoder(file: string, json: object, config: object): Encoder {
  try {
    return new Encoder(json, config);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ChorusError(
      'tokenizer-invalid',
      `${file} cannot be used as a tokenizer: ${why.slice(0, 200)}. Download the model again.`,
      file,
    );
  }
}

/** Token of each id; null where no token has it. */
function tokenTable(file: string, json: v.InferOutput<typeof tokenizerSchema>): (string | null)[] {
  const { vocab } = json.model;
  const entries: (readonly [string, number])[] = Array.isArray(vocab)
    ? vocab.map(([token], id) => [token, id] as const)
    : Object.entries(vocab);
  entries.push(...json.added_tokens.map(({ content, id }) => [content, id] as const));
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

function chatTemplate(template: v.InferOutput<typeof configSchema>['chat_template']): string | undefined {
  if (template === undefined || typeof template === 'string') return template;
  return (template.find(({ name }) => name === 'default') ?? template[0])?.template;
}

function specialNames(config: Partial<v.InferOutput<typeof configSchema>>): Record<string, string> {
  const names: Record<string, string> = {};
  for (const key of ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const) {
    const value = config[key];
    if (typeof value === 'string') names[key] = value;
    else if (value !== null && value !== undefined) names[key] = value.content;
  }
  return names;
}

function escaped({ content }: { readonly content: string }): string {
  return content.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
