/**
 * The tokenizer in a GGUF file's metadata as tokenizer.json and tokenizer_config.json, which the rest of Chorus reads. `gpt2` is
 * byte-level BPE, whose splitting of a text GGUF names by `pre` (llama.cpp, src/llama-vocab.cpp); `llama` is SentencePiece's BPE.
 */

import { MOST_TOKENS } from '../models/sizes.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { GgufMetadata, GgufValue } from './gguf-header.ts';
import { unsupportedModel } from './model-error.ts';
import { sentencePieceMerges } from './sentencepiece-merges.ts';

export interface TokenizerFiles {
  /** The contents of tokenizer.json. */
  readonly tokenizer: object;
  /** The contents of tokenizer_config.json. */
  readonly config: object;
}

/** llama.cpp's llama_token_type. */
const [NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED] = [1, 2, 3, 4, 5];

const BLANK = '\u2581';

/** What llama.cpp's converter fills a vocabulary with up to the rows of the embedding. */
const padding = /^\[PAD\d+\]$/;

/** Far above any vocabulary's, in characters; merges are sought at every one of them. */
const LONGEST_VOCABULARY = 16_000_000;

interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: ArrayLike<number>;
}

/** Reads the tokenizer that `file` has in its `metadata`. */
export function readGgufTokenizer(file: string, metadata: GgufMetadata): TokenizerFiles {
  const kind = metadata.get('tokenizer.ggml.model');
  if (kind !== 'gpt2' && kind !== 'llama') {
    throw unsupportedModel(
      file,
      `its tokenizer is '${String(kind).slice(0, 40)}', and Chorus reads gpt2 and llama`,
    );
  }
  const vocabulary = readVocabulary(file, metadata, kind);
  const { tokens } = vocabulary;
  const nameOf = (id: GgufValue | undefined): string | null =>
    typeof id === 'number' ? (tokens[id] ?? null) : null;
  const bos = nameOf(metadata.get('tokenizer.ggml.bos_token_id'));
  const addBos = metadata.get('tokenizer.ggml.add_bos_token') ?? kind === 'llama';
  const model =
    kind === 'gpt2' ? byteLevel(file, metadata, vocabulary) : sentencePiece(file, metadata, vocabulary);
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(vocabulary),
      post_processor: addBos === true && bos !== null ? beginWith(bos, tokens.indexOf(bos)) : null,
      ...model,
    },
    config: {
      add_bos_token: addBos === true,
      bos_token: bos,
      eos_token: nameOf(metadata.get('tokenizer.ggml.eos_token_id')),
      unk_token: nameOf(metadata.get('tokenizer.ggml.unknown_token_id')),
      pad_token: nameOf(metadata.get('tokenizer.ggml.padding_token_id')),
      clean_up_tokenization_spaces: false,
      chat_template: metadata.get('tokenizer.chat_template') ?? null,
    },
  };
}

function readVocabulary(file: string, metadata: GgufMetadata, kind: 'gpt2' | 'llama'): Vocabulary {
  const tokens = metadata.get('tokenizer.ggml.tokens');
  const types = metadata.get('tokenizer.ggml.token_type');
  if (!isStrings(tokens) || tokens.length === 0 || tokens.length > MOST_TOKENS) {
    throw invalidTokenizer(file, `it has not 1 to ${MOST_TOKENS} tokens`);
  }
  if (
    types !== undefined &&
    (typeof types !== 'object' || isStrings(types) || types.length !== tokens.length)
  ) {
    throw invalidTokenizer(file, 'its tokens have not one type each');
  }
  if (new Set(tokens).size !== tokens.length) throw invalidTokenizer(file, 'it has a token twice');
  if (tokens.reduce((sum, token) => sum + token.length, 0) > LONGEST_VOCABULARY) {
    throw invalidTokenizer(file, `its tokens have more than ${LONGEST_VOCABULARY} characters together`);
  }
  if (types === undefined) return { tokens, types: new Uint8Array(tokens.length).fill(NORMAL) };
  // The converter writes blanks into the tokens that a user defined, and SentencePiece its own sign for them.
  const respelled = (token: string, id: number): string =>
    types[id] === USER_DEFINED ? token.replaceAll(' ', BLANK) : token;
  return { tokens: kind === 'llama' ? tokens.map(respelled) : tokens, types };
}

function isStrings(value: GgufValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Token -> id without the padding; defined one by one, so that '__proto__' is a token like any other. */
function vocabularyTable({ tokens, types }: Vocabulary): Record<string, number> {
  const kept = [...tokens.entries()].filter(([id, token]) => types[id] !== UNUSED || !padding.test(token));
  return Object.fromEntries(kept.map(([id, token]) => [token, id]));
}

function addedTokens({ tokens, types }: Vocabulary): object[] {
  const added = [...tokens.entries()].filter(
    ([id, token]) => token !== '' && [UNKNOWN, CONTROL, USER_DEFINED].includes(types[id] as number),
  );
  return added.map(([id, content]) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: types[id] !== USER_DEFINED,
  }));
}

function beginWith(token: string, id: number): object {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  const text = (name: string): object => ({ Sequence: { id: name, type_id: 0 } });
  return {
    type: 'TemplateProcessing',
    single: [special, text('A')],
    pair: [special, text('A'), special, text('B')],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

const byteLevelSplit = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const sequence = (...pretokenizers: object[]): object => ({ type: 'Sequence', pretokenizers });
const splitBy = (Regex: string): object =>
  sequence(
    { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
    { ...byteLevelSplit, use_regex: false },
  );

/** As GPT-4 splits; `digits` is how many stay together. */
const likeGpt4 = (digits: string): object =>
  splitBy(
    `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  );

interface Splitting {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object;
  readonly ignoreMerges: boolean;
}

const gpt2: Splitting = { normalizer: null, pre_tokenizer: byteLevelSplit, ignoreMerges: false };
const digitsApart: Splitting = {
  ...gpt2,
  pre_tokenizer: sequence({ type: 'Digits', individual_digits: true }, byteLevelSplit),
};
const qwen2: Splitting = { normalizer: { type: 'NFC' }, pre_tokenizer: likeGpt4(''), ignoreMerges: false };
const llama3: Splitting = { normalizer: null, pre_tokenizer: likeGpt4('{1,3}'), ignoreMerges: true };

const splittings: ReadonlyMap<GgufValue, Splitting> = new Map([
  ['gpt-2', gpt2],
  ['phi-2', gpt2],
  ['olmo', gpt2],
  ['smollm', digitsApart],
  ['starcoder', digitsApart],
  ['refact', digitsApart],
  ['command-r', digitsApart],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
]);

function byteLevel(file: string, metadata: GgufMetadata, vocabulary: Vocabulary): object {
  const pre = metadata.get('tokenizer.ggml.pre') ?? '';
  const splitting = splittings.get(pre);
  if (splitting === undefined) {
    throw unsupportedModel(
      file,
      `its tokenizer splits texts as '${String(pre).slice(0, 40)}', and Chorus knows ${[...splittings.keys()].join(', ')}`,
    );
  }
  const merges = metadata.get('tokenizer.ggml.merges');
  if (!isStrings(merges)) throw invalidTokenizer(file, 'it has no merges');
  return {
    normalizer: splitting.normalizer,
    pre_tokenizer: splitting.pre_tokenizer,
    decoder: { ...byteLevelSplit, add_prefix_space: true },
    model: {
      ...bpe,
      ignore_merges: splitting.ignoreMerges,
      vocab: vocabularyTable(vocabulary),
      merges: merges.map((merge) => pair(file, merge)),
    },
  };
}

const bpe = {
  type: 'BPE',
  dropout: null,
  unk_token: null as string | null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

/** Of byte-level BPE no token holds a blank. */
function pair(file: string, merge: string): [string, string] {
  const at = merge.indexOf(' ', 1);
  if (at <= 0 || at === merge.length - 1)
    throw invalidTokenizer(file, 'one of its merges is not of two tokens');
  return [merge.slice(0, at), merge.slice(at + 1)];
}

function sentencePiece(file: string, metadata: GgufMetadata, vocabulary: Vocabulary): object {
  const { tokens } = vocabulary;
  const scores = metadata.get('tokenizer.ggml.scores');
  if (typeof scores !== 'object' || isStrings(scores) || scores.length !== tokens.length) {
    throw invalidTokenizer(file, 'its tokens have not one score each');
  }
  const blanks = { type: 'Replace', pattern: { String: ' ' }, content: BLANK };
  const back = { type: 'Replace', pattern: { String: BLANK }, content: ' ' };
  const prefix = metadata.get('tokenizer.ggml.add_space_prefix') ?? true;
  const steps = [back, { type: 'ByteFallback' }, { type: 'Fuse' }];
  const unknown = metadata.get('tokenizer.ggml.unknown_token_id');
  return {
    normalizer: prefix
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: BLANK }, blanks] }
      : blanks,
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: prefix ? [...steps, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : steps,
    },
    model: {
      ...bpe,
      unk_token: typeof unknown === 'number' ? (tokens[unknown] ?? null) : null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: vocabularyTable(vocabulary),
      merges: sentencePieceMerges(tokens, scores),
    },
  };
}

function invalidTokenizer(file: string, why: string): ChorusError {
  return new ChorusError(
    'tokenizer-invalid',
    `The tokenizer in ${file} cannot be used: ${why}. Download the model again, or choose another.`,
    file,
  );
}
