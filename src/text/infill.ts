/** Prompts for completion, on token ids: fill-in-the-middle for models that learned it, the prefix alone for others. */

/** How a family was taught to complete; part of its manifest. */
export interface CompletionStyle {
  /** Absent where the model never learned to fill in the middle. */
  readonly infill?: {
    /**
     * `psm`: prefix, suffix, middle (Qwen2.5-Coder). `spm`: suffix first, and the middle follows the prefix directly
     * (CodeLlama's second mode), so that a longer prefix only appends to the prompt.
     */
    readonly order: 'psm' | 'spm';
    readonly prefix: string;
    readonly suffix: string;
    readonly middle: string;
  };
  /** The special token that stands before a file's name, where the family has one. */
  readonly file?: string;
  /**
   * The special token that stands before the name of the repository and all else (StarCoder2, arXiv 2402.19173), where the family
   * has one. Such a family knows a file by its path in the repository, others by its name alone.
   */
  readonly repository?: string;
  /** Longest useful prompt in tokens. */
  readonly promptTokens: number;
  /** Of these, at most this many for the suffix. */
  readonly suffixTokens: number;
}

export interface CompletionContext {
  readonly prefix: string;
  readonly suffix: string;
  /** The file's name, or its path in the repository: `src/text/infill.ts`. */
  readonly file?: string | undefined;
  readonly repository?: string | undefined;
}

/** What building a prompt asks of a tokenizer. */
export interface PromptEncoder {
  /** Plain text: special tokens written in it stay text. */
  encode(text: string): readonly number[];
  /** The id of a special token; throws where the vocabulary has none of that name. */
  special(token: string): number;
}

/**
 * The prompt's token ids. A prefix that is too long loses its beginning in coarse steps, so that the head of the
 * prompt (and with it the KV cache) stays the same for many keystrokes.
 */
export function completionPrompt(
  style: CompletionStyle,
  context: CompletionContext,
  encoder: PromptEncoder,
): number[] {
  const { infill } = style;
  const markers = infill === undefined ? 0 : 3;
  const suffix = infill === undefined ? [] : firstTokens(context.suffix, style.suffixTokens, encoder);
  const room = Math.max(1, style.promptTokens - suffix.length - markers - 1);
  const prefix = filePrefix(style, context, room, encoder);
  if (infill === undefined) return prefix;
  const open = encoder.special(infill.prefix);
  const rest = encoder.special(infill.suffix);
  const middle = encoder.special(infill.middle);
  switch (infill.order) {
    case 'psm':
      return [open, ...prefix, rest, ...suffix, middle];
    case 'spm':
      return [open, rest, ...suffix, middle, ...prefix];
    default:
      return infill.order satisfies never;
  }
}

/** `<|file_sep|>NAME`, a newline and the prefix, at most `room` tokens; before it `<repo_name>REPOSITORY` where both are known. */
function filePrefix(
  style: CompletionStyle,
  context: CompletionContext,
  room: number,
  encoder: PromptEncoder,
): number[] {
  const { prefix } = context;
  const { tokens: head, name } = headOf(style, context, encoder);
  const whole = [...head, ...encoder.encode(`${name}${prefix}`)];
  if (whole.length <= room) return whole;
  const named = [...head, ...encoder.encode(name)];
  // A path may be as long as whoever named it liked.
  const kept = named.length > room / 2 ? [] : named;
  const tokens = encoder.encode(prefix);
  return [...kept, ...tokens.slice(coarseStart(tokens.length, Math.max(1, room - kept.length)))];
}

/** What goes before the prefix: tokens, and text that is encoded together with it. */
function headOf(
  style: CompletionStyle,
  { file = '', repository = '' }: CompletionContext,
  encoder: PromptEncoder,
): { readonly tokens: readonly number[]; readonly name: string } {
  if (style.file === undefined || file === '') return { tokens: [], name: '' };
  const tokens = [encoder.special(style.file)];
  if (style.repository === undefined) return { tokens, name: `${file.slice(file.lastIndexOf('/') + 1)}\n` };
  const named = repository === '' ? [] : [encoder.special(style.repository), ...encoder.encode(repository)];
  return { tokens: [...named, ...tokens], name: `${file}\n` };
}

/** Where to cut `length` tokens so that at most `room` remain: always a multiple of a quarter of the room. */
function coarseStart(length: number, room: number): number {
  if (length <= room) return 0;
  const step = Math.max(1, Math.floor(room / 4));
  return Math.ceil((length - room) / step) * step;
}

/** The first `count` tokens of `text`; encodes only about as much of it as is needed. */
function firstTokens(text: string, count: number, encoder: PromptEncoder): number[] {
  const enough = text.slice(0, count * 16);
  return encoder.encode(enough).slice(0, count);
}

/** No blanks before a cursor are wider than this. */
const TAIL_CHARACTERS = 300;
/** A longer word is not taken back whole: each of its tokens costs a step. */
const WORD_CHARACTERS = 24;

/**
 * The end of `prefix` that the answer should write again, because a prompt that ends there misleads: tokens begin with
 * their blanks, so a prompt that ends in blanks is one the model hardly ever saw, and a prompt that ends inside a word
 * forbids the word's own tokens. A line break is a boundary of its own and is left alone.
 */
export function openingOf(text: string): string {
  const prefix = text.slice(-TAIL_CHARACTERS);
  const word = /[\p{L}_$][\p{L}\p{N}_$]*$/u.exec(prefix)?.[0] ?? '';
  const kept = word.length > WORD_CHARACTERS ? prefix : prefix.slice(0, prefix.length - word.length);
  const opening = prefix.slice(kept.replace(/[ \t]+$/, '').length);
  // A prompt of nothing but the opening would be empty without it.
  return opening.length < text.length ? opening : '';
}
