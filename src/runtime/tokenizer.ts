/**
 * A model's tokenizer: text to ids with special tokens only where they are meant, ids to bytes, and the hash of the
 * token table that says which experts may be mixed token by token.
 */

import { Tokenizer as Encoder } from '@huggingface/tokenizers';
import * as v from 'valibot';
import { readJson } from '../models/json.ts';
import { readTokenTable, type TokenizerJson } from '../models/token-table.ts';
import { ChorusError } from '../protocol/failure.ts';
import { specialSplitter } from './special-tokens.ts';
import { textBeginning } from './text-beginning.ts';
import { type TokenKind, tokenBytes } from './token-bytes.ts';
import { withoutSpecials } from './without-specials.ts';

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
  /** The special tokens with which the model expects every text to begin; often none. */
  readonly beginning: readonly number[];
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

const MAX_SPECIAL_CHARACTERS = 200;

const specialName = v.nullish(v.union([v.string(), v.looseObject({ content: v.string() })]));
const configSchema = v.looseObject({
  chat_template: v.nullish(
    v.union([v.string(), v.array(v.looseObject({ name: v.string(), template: v.string() }))]),
  ),
  bos_token: specialName,
  eos_token: specialName,
  unk_token: specialName,
  pad_token: specialName,
  add_bos_token: v.nullish(v.boolean()),
});

/** Qwen2.5 marks its fill-in-the-middle tokens as not special; by their shape they are. */
const markup = /^<[|\uFF5C].*[|\uFF5C]>$/u;

/** @param rows how many tokens the model knows: Gemma's tokenizer has one for pictures that its text models have no row for */
export async function readTokenizer(
  file: string,
  configFile: string,
  rows = Number.POSITIVE_INFINITY,
): Promise<Tokenizer> {
  const { json, tokens: table, hash } = await readTokenTable(file, rows);
  const config = (await readJson(configFile, configSchema, { optional: true })) ?? {};
  const isSpecial = ({ special, content }: { special: boolean; content: string }): boolean =>
    (special || markup.test(content)) && content.length <= MAX_SPECIAL_CHARACTERS;
  const specials = json.added_tokens.filter(isSpecial);
  const plain = {
    ...json,
    added_tokens: json.added_tokens.filter((token) => !isSpecial(token)),
    model: withoutSpecials(json.model, new Set(specials.map(({ content }) => content))),
    post_processor: null,
  };
  const encoder = createEncoder(file, plain, { ...config, clean_up_tokenization_spaces: false });

  const specialByName = new Map(specials.map((token) => [token.content, token.id]));
  const splitSpecials = specialSplitter(specials);
  const kinds = new Map<number, TokenKind>(
    json.added_tokens.map((token) => [token.id, isSpecial(token) ? 'special' : 'added']),
  );
  const toBytes = tokenBytes(json.decoder);

  const encode = (text: string): readonly number[] =>
    text === '' ? [] : encoder.encode(text, { add_special_tokens: false }).ids;

  return {
    size: table.length,
    hash,
    chatTemplate: chatTemplate(config.chat_template),
    names: specialNames(config),
    specialIds: new Set(specials.map((token) => token.id)),
    encode,
    encodeWithSpecials: (text) =>
      splitSpecials(text).flatMap((part) => (typeof part === 'number' ? part : encode(part))),
    splitSpecials,
    beginning: beginningOf(json, config, specialByName),
    specialId: (token) => specialByName.get(token),
    bytes: (id) => {
      const token = table[id];
      if (token === undefined || token === null) return new Uint8Array(0);
      return toBytes(token, kinds.get(id) ?? 'learned');
    },
  };
}

function beginningOf(
  { post_processor }: Pick<TokenizerJson, 'post_processor'>,
  config: Partial<v.InferOutput<typeof configSchema>>,
  ids: ReadonlyMap<string, number>,
): readonly number[] {
  if (config.add_bos_token === false) return [];
  const bos = config.add_bos_token === true ? specialNames(config).bos_token : undefined;
  const named = textBeginning(post_processor) ?? (bos === undefined ? [] : [bos]);
  return named.flatMap((name) => ids.get(name) ?? []);
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

function chatTemplate(template: v.InferOutput<typeof configSchema>['chat_template']): string | undefined {
  if (template === undefined || template === null) return undefined;
  if (typeof template === 'string') return template;
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
