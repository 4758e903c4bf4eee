/** What a question mentions: `@file:path`, `@selection`, `@problems`, `@terminal`. In code nothing is a mention. */

import { proseIn } from './prose.ts';

export type Mention =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'selection' | 'problems' | 'terminal' };

export interface FoundMention {
  readonly mention: Mention;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** What is being typed before the cursor: a name after `@`, or a path after `@file:`. */
export interface MentionBegun {
  readonly kind: 'name' | 'path';
  /** Where the `@` stands. */
  readonly from: number;
  readonly query: string;
}

/** After a blank, a bracket or the beginning, so that an address of a mail is none. */
const shape = /(?<=^|[\s(])@(?:file:(?:"([^"\n]+)"|([^\s"]+))|(selection|problems|terminal)(?![\w-]))/g;

export function mentionsIn(text: string): FoundMention[] {
  const { spans } = proseIn(text);
  const found: FoundMention[] = [];
  for (const match of text.matchAll(shape)) {
    const [, quoted, bare, name] = match;
    const from = match.index;
    if (!spans.some((span) => span.from <= from && from < span.to)) continue;
    if (name !== undefined) {
      const kind = name as 'selection' | 'problems' | 'terminal';
      found.push({ mention: { kind }, from, to: from + match[0].length });
      continue;
    }
    // A sentence may end right after a path.
    const path = quoted ?? bare?.replace(/[.,;:!?)\]]+$/, '') ?? '';
    const length = quoted === undefined ? '@file:'.length + path.length : match[0].length;
    if (path !== '') found.push({ mention: { kind: 'file', path }, from, to: from + length });
  }
  return found;
}

export function mentionBegun(text: string, cursor: number): MentionBegun | undefined {
  const found = /(?:^|[\s(])@(?:file:(?:"([^"\n]*)|([^\s"]*))|([a-z]*))$/.exec(text.slice(0, cursor));
  if (found === null) return undefined;
  const from = text.lastIndexOf(
    '@',
    found[3] === undefined ? text.lastIndexOf('@file:', cursor) : cursor - 1,
  );
  if (found[3] !== undefined) return { kind: 'name', from, query: found[3] };
  return { kind: 'path', from, query: found[1] ?? found[2] ?? '' };
}

/** Whether what was being typed is still what is being typed, so that a choice made for it can be put in. */
export function isSameBegun(one: MentionBegun | undefined, other: MentionBegun | undefined): boolean {
  return one?.kind === other?.kind && one?.from === other?.from && one?.query === other?.query;
}

/** As it is written in a question. */
export function mentionText(mention: Mention): string {
  if (mention.kind !== 'file') return `@${mention.kind}`;
  return /[\s"]|[.,;:!?)\]]$/.test(mention.path) ? `@file:"${mention.path}"` : `@file:${mention.path}`;
}
