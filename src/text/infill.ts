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
  /**
   * The special tokens before a file's and the repository's name, of a family that names neither before a fill-in unless other files
   * come before it (Qwen2.5-Coder, arXiv 2409.12186).
   */
  readonly beside?: { readonly file: string; readonly repository: string };
  /** Longest useful prompt in tokens. */
  readonly promptTokens: number;
  /** Of these, at most this many for the suffix. */
  readonly suffixTokens: number;
}

/** A piece of another file that may help. */
export interface ContextChunk {
  /** The file's path in the repository, or its name. */
  readonly file: string;
  readonly text: string;
}

export interface CompletionContext {
  readonly prefix: string;
  readonly suffix: string;
  /** The file's name, or its path in the repository: `src/text/infill.ts`. */
  readonly file?: string | undefined;
  readonly repository?: string | undefined;
  /** Pieces of other files, the most useful first; only families that know files apart get them. */
  readonly chunks?: readonly ContextChunk[] | undefined;
}

/** A part of a prompt, for people who want to see what an expert reads. `prefix` begins with the file's name where it is given. */
export interface PromptPart {
  readonly kind: 'marker' | 'repository' | 'chunk' | 'prefix' | 'suffix';
  readonly ids: readonly number[];
  /** Of a chunk. */
  readonly file?: string;
}

/** What building a prompt asks of a tokenizer. */
export interface PromptEncoder {
  /** Plain text: special tokens written in it stay text. */
  encode(text: string): readonly number[];
  /** The id of a special token; throws where the vocabulary has none of that name. */
  special(token: string): number;
}

/** The prompt's token ids: those of its parts, one after the other. */
export function completionPrompt(
  style: CompletionStyle,
  context: CompletionContext,
  encoder: PromptEncoder,
): number[] {
  return completionParts(style, context, encoder).flatMap(({ ids }) => ids);
}

/**
 * The prompt in parts. Pieces of other files take at most a quarter of it and stand first, as models learned repositories
 * (StarCoder2, arXiv 2402.19173; Qwen2.5-Coder, arXiv 2409.12186). A prefix that is too long loses its beginning in coarse steps, so
 * that the head of the prompt (and with it the KV cache) stays the same for many keystrokes.
 */
export function completionParts(
  style: CompletionStyle,
  context: CompletionContext,
  encoder: PromptEncoder,
): PromptPart[] {
  if (style.beside !== undefined && (context.chunks ?? []).length > 0)
    return besideOthers({ ...style, beside: style.beside }, context, encoder);
  const { infill } = style;
  const markers = infill === undefined ? 0 : 3;
  const suffix = infill === undefined ? [] : firstTokens(context.suffix, style.suffixTokens, encoder);
  const room = Math.max(1, style.promptTokens - suffix.length - markers - 1);
  const chunks = chunkParts(style, context, { room: Math.floor(room * CHUNK_SHARE), encoder });
  const taken = chunks.reduce((sum, { ids }) => sum + ids.length, 0);
  const { repository, ids } = filePrefix(style, context, room - taken, encoder);
  const head: PromptPart[] =
    repository.length === 0 ? chunks : [{ kind: 'repository', ids: repository }, ...chunks];
  const prefix: PromptPart = { kind: 'prefix', ids };
  const part: PromptPart = { kind: 'suffix', ids: suffix };
  if (infill === undefined) return [...head, prefix];
  const marker = (name: 'prefix' | 'suffix' | 'middle'): PromptPart => ({
    kind: 'marker',
    ids: [encoder.special(infill[name])],
  });
  switch (infill.order) {
    case 'psm':
      return [...head, marker('prefix'), prefix, marker('suffix'), part, marker('middle')];
    case 'spm':
      return [...head, marker('prefix'), marker('suffix'), part, marker('middle'), prefix];
    default:
      return infill.order satisfies never;
  }
}
/** `<|repo_name|>NAME`, the other files, `<|file_sep|>PATH`, each with a newline, and then the fill-in as it is without them. */
function besideOthers(
  { beside, ...style }: CompletionStyle & { readonly beside: NonNullable<CompletionStyle['beside']> },
  { chunks, ...context }: CompletionContext,
  encoder: PromptEncoder,
): PromptPart[] {
  const { repository = '', file = '' } = context;
  const line = (token: string, name: string): number[] => [
    encoder.special(token),
    ...encoder.encode(`${name}\n`),
  ];
  const most = Math.floor(style.promptTokens * CHUNK_SHARE);
  // Names may be as long as whoever chose them liked.
  const named = repository === '' ? [] : line(beside.repository, repository.slice(-100));
  const own = line(beside.file, file.slice(-200));
  const room = most - named.length - own.length;
  const others = chunkParts({ ...style, ...beside }, { ...context, chunks }, { room, encoder });
  if (others.length === 0) return completionParts(style, context, encoder);
  const taken = [...others.flatMap(({ ids }) => ids), ...named, ...own].length;
  const rest = completionParts({ ...style, promptTokens: style.promptTokens - taken }, context, encoder);
  return [
    ...(named.length === 0 ? [] : [{ kind: 'repository' as const, ids: named }]),
    ...others,
    { kind: 'marker', ids: own },
    ...rest,
  ];
}

/** Of what is left beside the suffix. */
const CHUNK_SHARE = 1 / 4;
/** A shorter piece of a file says nothing. */
const LEAST_CHUNK = 16;

/** Pieces of files as the family writes files, as many as fit, the most useful last: next to the file at hand. */
function chunkParts(
  style: CompletionStyle,
  { chunks = [] }: CompletionContext,
  { room, encoder }: { readonly room: number; readonly encoder: PromptEncoder },
): PromptPart[] {
  if (style.file === undefined) return [];
  const separator = encoder.special(style.file);
  const parts: PromptPart[] = [];
  let left = room;
  for (const { file, text } of chunks) {
    if (left < LEAST_CHUNK) break;
    const whole = text.endsWith('\n') ? text : `${text}\n`;
    const ids = [separator, ...firstTokens(`${shownName(style, file)}\n${whole}`, left - 1, encoder)];
    parts.unshift({ kind: 'chunk', file, ids });
    left -= ids.length;
  }
  return parts;
}

/** `<|file_sep|>NAME`, a newline and the prefix, at most `room` tokens with `<repo_name>REPOSITORY`, where both are known. */
function filePrefix(
  style: CompletionStyle,
  context: CompletionContext,
  room: number,
  encoder: PromptEncoder,
): { readonly repository: readonly number[]; readonly ids: readonly number[] } {
  const { prefix, file = '', repository: named = '' } = context;
  const isNamed = style.file !== undefined && file !== '';
  const repository =
    isNamed && style.repository !== undefined && named !== ''
      ? [encoder.special(style.repository), ...encoder.encode(named)]
      : [];
  const head = isNamed && style.file !== undefined ? [encoder.special(style.file)] : [];
  const name = isNamed ? `${shownName(style, file)}\n` : '';
  const whole = [...head, ...encoder.encode(`${name}${prefix}`)];
  if (repository.length + whole.length <= room) return { repository, ids: whole };
  const start = [...head, ...encoder.encode(name)];
  const tokens = encoder.encode(prefix);
  const last = (taken: number): number[] =>
    tokens.slice(coarseStart(tokens.length, Math.max(1, room - taken)));
  // A path may be as long as whoever named it liked.
  if (repository.length + start.length > room / 2) return { repository: [], ids: last(0) };
  return { repository, ids: [...start, ...last(repository.length + start.length)] };
}

/** Families that know repositories know a file by its path, others by its name alone. */
function shownName({ repository }: CompletionStyle, file: string): string {
  return repository === undefined ? file.slice(file.lastIndexOf('/') + 1) : file;
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
