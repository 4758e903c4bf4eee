/**
 * Small tokenizers with the markup and the templates of the families that Chorus knows. Each vocabulary is made to be misused: it has every
 * beginning of its special tokens as tokens of its own, and the merges that put them together.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatMl } from '../../src/engine/template.ts';
import type { GgufValue } from '../../src/graph/gguf-header.ts';
import { readGgufTokenizer } from '../../src/graph/gguf-tokenizer.ts';
import { pocket } from '../programs.ts';

export interface SpecialFamily {
  readonly name: string;
  readonly specials: readonly string[];
  /** What every text that is encoded begins with. */
  readonly blank: '' | ' ';
  /** Where tokenizer.json and tokenizer_config.json are, in `folder` where they have to be written first. */
  place(folder: string): string;
}

interface Written {
  readonly name: string;
  readonly specials: readonly string[];
  /** Of GGUF: how byte-level BPE splits texts; for SentencePiece whether it begins every text with a blank. */
  readonly splits: 'smollm' | 'qwen2' | 'llama-bpe' | 'as it is' | 'after a blank';
  readonly template: string;
  readonly beginsWith?: string;
}

const ofLlama3 =
  "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}{% endfor %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}";
const ofGemma3 =
  "{{ bos_token }}{% for message in messages %}{{ '<start_of_turn>' + (message.role | replace('assistant', 'model')) + '\\n' + message.content | trim + '<end_of_turn>\\n' }}{% endfor %}{{ '<start_of_turn>model\\n' }}";
const ofMistral =
  "{{ bos_token }}{% for message in messages %}{% if message.role == 'assistant' %}{{ ' ' + message.content + eos_token }}{% else %}{{ '[INST] ' + message.content + ' [/INST]' }}{% endif %}{% endfor %}";

const written: readonly Written[] = [
  {
    name: 'SmolLM2',
    specials: ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<repo_name>', '<file_sep>', '<jupyter_code>'],
    splits: 'smollm',
    template: chatMl,
  },
  {
    name: 'Qwen2.5 and Qwen3',
    specials: [
      ...['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|fim_prefix|>', '<|fim_middle|>'],
      ...['<|fim_suffix|>', '<|fim_pad|>', '<|repo_name|>', '<|file_sep|>', '<|vision_start|>'],
    ],
    splits: 'qwen2',
    template: chatMl,
  },
  {
    name: 'Llama 3',
    specials: [
      ...['<|begin_of_text|>', '<|end_of_text|>', '<|start_header_id|>', '<|end_header_id|>'],
      ...['<|eot_id|>', '<|eom_id|>', '<|python_tag|>'],
    ],
    splits: 'llama-bpe',
    template: ofLlama3,
    beginsWith: '<|begin_of_text|>',
  },
  {
    name: 'Gemma 3',
    specials: ['<bos>', '<eos>', '<pad>', '<start_of_turn>', '<end_of_turn>'],
    splits: 'as it is',
    template: ofGemma3,
    beginsWith: '<bos>',
  },
  {
    name: 'Mistral',
    specials: ['<s>', '</s>', '[INST]', '[/INST]', '[TOOL_CALLS]'],
    splits: 'after a blank',
    template: ofMistral,
    beginsWith: '<s>',
  },
];

export const specialFamilies: readonly SpecialFamily[] = [
  {
    name: 'pocket',
    specials: [
      '<|endoftext|>',
      '<|im_start|>',
      '<|im_end|>',
      '<|fim_prefix|>',
      '<|repo_name|>',
      '<|file_sep|>',
    ],
    blank: '',
    place: () => pocket('code'),
  },
  ...written.map((family) => ({
    name: family.name,
    specials: family.specials,
    blank: family.splits === 'after a blank' ? (' ' as const) : ('' as const),
    place(folder: string): string {
      const { tokenizer, config } = readGgufTokenizer(folder, metadataOf(family));
      writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
      writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
      return folder;
    },
  })),
];

/** llama.cpp's llama_token_type. */
const [NORMAL, UNKNOWN, CONTROL, BYTE] = [1, 2, 3, 6];

/** As llama.cpp's converter would write it. */
function metadataOf({ specials, splits, template, beginsWith = '' }: Written): Map<string, GgufValue> {
  const isSentencePiece = splits === 'as it is' || splits === 'after a blank';
  const [letters, unknown, type] = isSentencePiece
    ? ([sentencePieceBytes, ['<unk>'], BYTE] as const)
    : ([byteLevelBytes, [], NORMAL] as const);
  const beginnings = specials.flatMap((one) => [...one].map((_, i) => one.slice(0, i + 1)));
  const learned = [...new Set([...visible, ...beginnings])].filter(
    (one) => !specials.includes(one) && !letters.includes(one),
  );
  const tokens = [...unknown, ...specials, ...letters, ...learned];
  const types = [
    ...unknown.map(() => UNKNOWN),
    ...specials.map(() => CONTROL),
    ...letters.map(() => type),
    ...learned.map(() => NORMAL),
  ];
  const merges = beginnings
    .filter((one) => one.length > 1)
    .map((one) => `${one.slice(0, -1)} ${one.slice(-1)}`);
  const id = (token: string): number => tokens.indexOf(token);
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', isSentencePiece ? 'llama' : 'gpt2'],
    ['tokenizer.ggml.pre', splits],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.token_type', Int32Array.from(types)],
    ['tokenizer.ggml.scores', Float32Array.from(tokens, (token) => -token.length)],
    ['tokenizer.ggml.merges', merges],
    ['tokenizer.ggml.add_space_prefix', splits === 'after a blank'],
    ['tokenizer.ggml.add_bos_token', beginsWith !== ''],
    ['tokenizer.ggml.bos_token_id', id(beginsWith === '' ? (specials[0] ?? '') : beginsWith)],
    ['tokenizer.ggml.eos_token_id', id(specials[1] ?? '')],
    ...(isSentencePiece ? ([['tokenizer.ggml.unknown_token_id', 0]] as const) : []),
    ['tokenizer.chat_template', template],
  ]);
}

/** What can be seen of ASCII, and SentencePiece's blank. */
const visible = [...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)), '\u2581'];

const bytes = Array.from({ length: 256 }, (_, byte) => byte);

const sentencePieceBytes = bytes.map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

/** GPT-2's alphabet of bytes, in no order. */
const byteLevelBytes = (() => {
  const printable = bytes.filter((b) => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae);
  const others = Array.from({ length: 256 - printable.length }, (_, i) => 0x100 + i);
  return [...printable, ...others].map((code) => String.fromCodePoint(code));
})();
