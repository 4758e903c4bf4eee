/** From the mentions of a question to the texts that go with it, or to the reason why one cannot. Without the editor. */

import { t } from '@vscode/l10n';
import type { Attached, AttachmentNote } from '../protocol/chat.ts';
import { type Mention, mentionsIn, mentionText } from '../text/mentions.ts';
import { fitted, LEAST_ROOM, type SourceText } from './attachments.ts';
import { createRefusal } from './refusal.ts';

export type Source =
  | ({
      readonly kind: 'text';
      /** Where it comes from a file. */
      readonly path?: string;
    } & Omit<SourceText, 'mention'>)
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string };

export type AttachOutcome =
  | { readonly kind: 'attached'; readonly texts: readonly Attached[] }
  /** A question that would be answered without what it is about is not asked. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface AttachPorts {
  /** Reads what is mentioned; never rejects. */
  sourceOf(mention: Mention): Promise<Source>;
  isSecretFile(path: string): boolean;
  /** Characters of text that fit a question now. */
  budget(): number;
}

export interface Attach {
  attach(question: string): Promise<AttachOutcome>;
  /** What would go with a question that is being written; the terminal is not read for that. */
  preview(question: string): Promise<readonly AttachmentNote[]>;
}

/** Mentions of one question; more of them would leave each a line or two. */
const MOST = 8;

type Refused = Extract<Source, { kind: 'refused' }>;

export function createAttach({ sourceOf, isSecretFile, budget }: AttachPorts): Attach {
  const refusalOf = createRefusal(isSecretFile);
  const read = async (mention: Mention): Promise<SourceText | Refused> => {
    if (mention.kind === 'file') {
      const reason = refusalOf({ name: mention.path, path: mention.path });
      if (reason !== undefined) return { kind: 'refused', name: mention.path, reason };
    }
    const source = await sourceOf(mention);
    if (source.kind === 'refused') return source;
    const { name } = source;
    const secret = refusalOf(source);
    if (secret !== undefined) return { kind: 'refused', name, reason: secret };
    if (source.text.trim() === '') {
      return { kind: 'refused', name, reason: t('{0} is empty: there is nothing to attach.', name) };
    }
    return { ...source, mention: mentionText(mention) };
  };

  const readAll = async (question: string, mentions: readonly Mention[]) => {
    const sources: SourceText[] = [];
    const refused: Refused[] = [];
    for (const mention of mentions) {
      const found = await read(mention);
      if ('reason' in found) refused.push(found);
      else sources.push(found);
    }
    const room = budget() - question.length;
    if (sources.length > 0 && room < LEAST_ROOM * sources.length) {
      const reason = t('The question leaves the experts too little room for what it mentions.');
      refused.push({ kind: 'refused', name: sources.map(({ name }) => name).join(', '), reason });
    }
    return { texts: refused.length > 0 ? [] : fitted(sources, room), sources, refused, room };
  };

  return {
    async attach(question) {
      const mentions = mentionsOf(question);
      if (mentions.length > MOST) return { kind: 'refused', reason: tooMany() };
      const { texts, refused } = await readAll(question, mentions);
      const [first] = refused;
      return first === undefined
        ? { kind: 'attached', texts }
        : { kind: 'refused', reason: refused.map(({ reason }) => reason).join(' ') };
    },
    async preview(question) {
      const mentions = mentionsOf(question);
      if (mentions.length > MOST) return [{ kind: 'refused', name: '@', detail: tooMany() }];
      const later = mentions.filter(({ kind }) => kind === 'terminal');
      const { sources, refused, room } = await readAll(
        question,
        mentions.filter(({ kind }) => kind !== 'terminal'),
      );
      return [
        ...fitted(sources, room).map(noteOf),
        ...refused.map(({ name, reason }): AttachmentNote => ({ kind: 'refused', name, detail: reason })),
        ...later.map(
          (): AttachmentNote => ({
            kind: 'attached',
            name: t('the terminal'),
            detail: t('its selection, read when you ask'),
          }),
        ),
      ];
    },
  };
}

/** What is shown of it; the text stays here. */
export function noteOf({ kind, name, detail, remark }: Attached): AttachmentNote {
  return { kind, name, detail, ...(remark !== undefined && { remark }) };
}

/** Each once. */
function mentionsOf(question: string): Mention[] {
  const all = mentionsIn(question).map(({ mention }) => [mentionText(mention), mention] as const);
  return [...new Map(all).values()];
}

function tooMany(): string {
  return t('A question can mention {0} things at most.', MOST);
}
