/** Texts that go with a question: cut to what the experts can read beside it, and put into it. Pure. */

import { t } from '@vscode/l10n';
import type { Attached } from '../protocol/chat.ts';
import { withLineFeeds } from '../text/line-feeds.ts';
import { mentionsIn, mentionText } from '../text/mentions.ts';
import { fenced } from './action-prompts.ts';
import { tokensOf } from './context-budget.ts';

/** A text that was mentioned, whole. */
export interface SourceText {
  /** As it is mentioned: `@file:src/a.ts`. */
  readonly mention: string;
  /** For people and the experts: `src/a.ts`, `src/a.ts:3-9`. */
  readonly name: string;
  readonly text: string;
  readonly language: string;
  /** Which end stays where not all fits. */
  readonly keep: 'start' | 'end';
}

/** Of the fence and the blank lines around a text. */
const AROUND = 16;

/** With less room than this, in characters, a text says nothing. */
export const LEAST_ROOM = 120;

/**
 * `room` is in characters, for all of them together with their names. A short text is whole; the longer ones share what is left, each cut
 * at a line's end.
 */
export function fitted(sources: readonly SourceText[], room: number): Attached[] {
  const costs = sources.map(({ name, text }) => name.length + AROUND + text.length);
  const rooms = sharedOut(costs, room);
  return sources.map((source, index) => {
    const own = (rooms[index] ?? 0) - source.name.length - AROUND;
    return attachedOf(source, Math.max(0, own));
  });
}

/** What each gets of `room`: all it wants where it wants less than an equal part. */
function sharedOut(wants: readonly number[], room: number): number[] {
  const given = wants.map(() => 0);
  let left = Math.max(0, room);
  const order = [...wants.keys()].sort((one, other) => (wants[one] ?? 0) - (wants[other] ?? 0));
  for (const [done, index] of order.entries()) {
    const part = Math.min(wants[index] ?? 0, Math.floor(left / (order.length - done)));
    given[index] = part;
    left -= part;
  }
  return given;
}

function attachedOf({ mention, name, text, language, keep }: SourceText, room: number): Attached {
  const whole = withLineFeeds(text).replace(/\n+$/, '');
  const kept = whole.length <= room ? whole : keep === 'start' ? head(whole, room) : tail(whole, room);
  const [lines, all] = [lineCount(kept), lineCount(whole)];
  const detail =
    lines === 1
      ? t('1 line, about {0} tokens', tokensOf(kept))
      : t('{0} lines, about {1} tokens', lines, tokensOf(kept));
  const base = { kind: 'attached', mention, name, detail, text: kept, language } as const;
  return kept === whole ? base : { ...base, remark: remarkOn(keep, lines, all) };
}

function remarkOn(keep: 'start' | 'end', lines: number, all: number): string {
  if (lines === all) return t('Too long for the experts: a part of it is left out.');
  return keep === 'start'
    ? t('Too long for the experts: they read its first {0} of {1} lines.', lines, all)
    : t('Too long for the experts: they read its last {0} of {1} lines.', lines, all);
}

function head(text: string, room: number): string {
  const end = text.lastIndexOf('\n', room);
  return text.slice(0, end > 0 ? end : room);
}

function tail(text: string, room: number): string {
  const from = text.length - room;
  const start = text.indexOf('\n', from - 1);
  return text.slice(start >= 0 && start < text.length - 1 ? start + 1 : from);
}

function lineCount(text: string): number {
  return text.split('\n').length;
}

/** The question as the experts get it: mentions by their names, then each text between fences that it cannot close. */
export function questionWith(question: string, attached: readonly Attached[]): string {
  if (attached.length === 0) return question;
  let asked = question;
  for (const { mention, from, to } of mentionsIn(question).toReversed()) {
    const name = attached.find((one) => one.mention === mentionText(mention))?.name;
    if (name !== undefined) asked = asked.slice(0, from) + name + asked.slice(to);
  }
  const texts = attached.map(({ name, text, language }) => `${name}:\n\n${fenced(text, language)}`);
  return [...texts, asked].join('\n\n');
}
