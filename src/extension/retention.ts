/**
 * Whether what was taken of suggestions is still there 30 s and 5 min later: its place is followed through all edits, and what stands
 * there then is compared with what was taken. The texts are held in memory until then and are kept nowhere.
 */

import { distance } from 'fastest-levenshtein';
import { lookedAtAfter } from '../protocol/statistics.ts';
import { withLineFeeds } from '../text/line-feeds.ts';
import { type Span, type SpanChange, stretchedSpan } from '../text/moved-span.ts';

/** What is at least so much alike is still there. */
const STILL_ALIKE = 0.5;
/** Texts that are followed at the same time; the oldest give way. */
const MOST_FOLLOWED = 200;
/** What is longer, in characters, has been replaced by something else. */
const LONGEST = 20_000;

export interface TakenText {
  /** Its URI. */
  readonly document: string;
  readonly span: Span;
  readonly text: string;
}

export interface Look {
  /** In seconds. */
  readonly after: (typeof lookedAtAfter)[number];
  /** 1 for the same text, 0 for nothing in common. */
  readonly alike: number;
  readonly isStill: boolean;
}

export interface RetentionOptions {
  /** Undefined where the document is not open any more. */
  readonly textAt: (document: string, span: Span) => string | undefined;
  /** Calls back once, after this many ms; the result forgets it. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

export interface Retention {
  /** `looked` is called for each time that the text was looked at again; a document that is closed is not. */
  follow(taken: TakenText, looked: (look: Look) => void): void;
  /** In the order in which the editor tells them. */
  changed(document: string, changes: readonly SpanChange[]): void;
  clear(): void;
}

interface Followed extends TakenText {
  span: Span;
  forget: readonly (() => void)[];
}

export function createRetention({ textAt, after }: RetentionOptions): Retention {
  const followed = new Set<Followed>();
  const drop = (entry: Followed): void => {
    for (const forget of entry.forget) forget();
    followed.delete(entry);
  };
  return {
    follow(taken, looked) {
      const entry: Followed = { ...taken, forget: [] };
      followed.add(entry);
      entry.forget = lookedAtAfter.map((seconds, index) =>
        after(1000 * seconds, () => {
          const now = textAt(entry.document, entry.span);
          if (now !== undefined) {
            const alike = likeness(entry.text, now);
            looked({ after: seconds, alike, isStill: alike >= STILL_ALIKE });
          }
          if (now === undefined || index === lookedAtAfter.length - 1) drop(entry);
        }),
      );
      const [oldest] = followed;
      if (followed.size > MOST_FOLLOWED && oldest !== undefined) drop(oldest);
    },
    changed(document, changes) {
      for (const entry of followed) {
        if (entry.document === document) entry.span = changes.reduce(stretchedSpan, entry.span);
      }
    },
    clear() {
      for (const entry of followed) drop(entry);
    },
  };
}

/** 1 - Levenshtein's distance over the length of the longer; line ends of either kind are the same. */
export function likeness(one: string, other: string): number {
  const [a, b] = [withLineFeeds(one), withLineFeeds(other)];
  const longest = Math.max(a.length, b.length);
  if (longest === 0) return 1;
  return longest > LONGEST ? 0 : 1 - distance(a, b) / longest;
}
