/** A conversation as it is kept on disk: what is written, and what is read back, checked. Pure. */

import * as v from 'valibot';
import type { Answer, Turn } from '../protocol/chat.ts';
import type { Conversation } from './chat-session.ts';

export interface ChatRecord extends Conversation {
  /** That the user gave, or made of the first question. */
  readonly title: string;
  /** When it last changed, in milliseconds since 1970. */
  readonly changed: number;
}

export type ReadRecord =
  | { readonly kind: 'record'; readonly record: ChatRecord }
  /** Written by a Chorus to come. */
  | { readonly kind: 'newer' }
  | { readonly kind: 'damaged'; readonly why: string };

/** In bytes, of one conversation: about a hundred long answers with who said what. */
export const LARGEST = 2_000_000;

/** In characters. */
export const LONGEST_TITLE = 80;

const VERSION = 1;

const shares = v.record(v.string(), v.pipe(v.number(), v.finite()));
const piece = v.object({
  length: v.pipe(v.number(), v.integer(), v.minValue(0)),
  steps: v.pipe(v.number(), v.integer(), v.minValue(0)),
  shares,
  agreement: v.exactOptional(v.number()),
});
const soFar = {
  text: v.string(),
  tokens: v.pipe(v.number(), v.integer(), v.minValue(0)),
  unit: v.exactOptional(v.picklist(['token', 'byte'])),
  shares,
  pieces: v.array(piece),
};
const answer = v.variant('kind', [
  v.object({ kind: v.literal('streaming'), ...soFar }),
  v.object({
    kind: v.literal('done'),
    stop: v.picklist(['end', 'length', 'stop', 'cancelled', 'closed']),
    tokensPerSecond: v.exactOptional(v.number()),
    weights: v.exactOptional(shares),
    ...soFar,
  }),
  v.object({ kind: v.literal('failed'), failure: v.object({ message: v.string() }), ...soFar }),
]);
const attached = v.object({
  kind: v.literal('attached'),
  mention: v.string(),
  name: v.string(),
  detail: v.string(),
  remark: v.exactOptional(v.string()),
  text: v.string(),
  language: v.string(),
});
const turns = v.array(
  v.object({ question: v.string(), answer, attached: v.exactOptional(v.array(attached)) }),
);
const schema = v.object({
  version: v.literal(VERSION),
  id: v.pipe(v.string(), v.uuid()),
  title: v.string(),
  changed: v.number(),
  turns,
  cut: v.object({ from: v.pipe(v.number(), v.integer(), v.minValue(0)), turns }),
});

/** What a Chorus to come writes. */
const newer = v.object({ version: v.pipe(v.number(), v.gtValue(VERSION)) });

type Stored = v.InferOutput<typeof schema>;

/** The first line of the first question that says something. */
export function titleOf(turns: readonly Pick<Turn, 'question'>[]): string {
  const lines = (turns[0]?.question ?? '').split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  const line = lines.find((one) => /[\p{L}\p{N}]/u.test(one)) ?? lines[0] ?? '';
  return line.length <= LONGEST_TITLE ? line : `${line.slice(0, LONGEST_TITLE - 1).trimEnd()}…`;
}

/**
 * JSON of at most `LARGEST` bytes. What does not fit is left out in this order: what was put aside, who said what, the oldest
 * turns; `dropped` counts those turns.
 */
export function recordText(record: ChatRecord, largest = LARGEST): { text: string; dropped: number } {
  const lean: readonly Turn[] = record.turns.map((turn) => ({
    ...turn,
    answer: { ...turn.answer, pieces: [] },
  }));
  const uncut = { ...record, cut: { from: record.turns.length, turns: [] } };
  for (const tried of [record, uncut, { ...uncut, turns: lean }]) {
    const text = written(tried);
    if (Buffer.byteLength(text) <= largest) return { text, dropped: 0 };
  }
  for (let dropped = 1; dropped < lean.length; dropped++) {
    const kept = lean.slice(dropped);
    const text = written({ ...record, turns: kept, cut: { from: kept.length, turns: [] } });
    if (Buffer.byteLength(text) <= largest) return { text, dropped };
  }
  return { text: written({ ...record, turns: [], cut: { from: 0, turns: [] } }), dropped: lean.length };
}

function written({ id, title, changed, turns, cut }: ChatRecord): string {
  const stored = (all: readonly Turn[]) => all.map(({ id: _, ...turn }) => turn);
  return JSON.stringify({
    version: VERSION,
    id,
    title,
    changed,
    turns: stored(turns),
    cut: { from: cut.from, turns: stored(cut.turns) },
  });
}

/** An answer that was being written is one that was cut off. */
export function readRecord(text: string): ReadRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'damaged', why: 'it is not JSON' };
  }
  if (v.is(newer, value)) return { kind: 'newer' };
  const checked = v.safeParse(schema, value);
  if (!checked.success) {
    const [issue] = checked.issues;
    return { kind: 'damaged', why: `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}` };
  }
  const { id, title, changed, turns, cut } = checked.output;
  const from = Math.min(cut.from, turns.length);
  return {
    kind: 'record',
    record: { id, title, changed, turns: turns.map(turnOf), cut: { from, turns: cut.turns.map(turnOf) } },
  };
}

/** The session numbers the turns when it opens them. */
function turnOf({ answer, ...turn }: Stored['turns'][number]): Turn {
  return { id: 0, ...turn, answer: answerOf(answer) };
}

function answerOf(stored: Stored['turns'][number]['answer']): Answer {
  switch (stored.kind) {
    case 'streaming':
      return { ...stored, kind: 'done', stop: 'closed' };
    case 'done':
      return stored;
    case 'failed':
      return { ...stored, failure: { code: 'internal', message: stored.failure.message } };
    default:
      return stored satisfies never;
  }
}
