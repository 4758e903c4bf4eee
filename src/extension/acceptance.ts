/**
 * How much of what was shown was taken: whole, which the editor tells, or by word and by line, which it tells nobody and which is
 * seen from the document growing by a beginning of the shown text.
 */

import type { Span } from '../text/moved-span.ts';

export interface AcceptedCounts {
  readonly shown: number;
  readonly whole: number;
  readonly inPart: number;
  /** Characters of both. */
  readonly characters: number;
}

/** A place in a document, counted from 0. */
export interface TextPlace {
  readonly document: string;
  readonly line: number;
  readonly character: number;
}

/** Text that was put into a document. */
export interface Insertion extends TextPlace {
  /** Where it begins in the document, in UTF-16 units, and ends. */
  readonly span: Span;
  /** With line feeds. */
  readonly text: string;
}

export type TakenHow = 'whole' | 'word' | 'line';

export interface Taken<Source> {
  readonly source: Source;
  readonly how: TakenHow;
  readonly text: string;
  /** Whether it is the first of its suggestion. */
  readonly isFirst: boolean;
  readonly document: string;
  /** Where it stands; undefined where the editor's change was not recognised. */
  readonly span: Span | undefined;
}

/** A suggestion, or the rest of one that was typed or taken in part, as it was shown. */
export interface Offer<Source> extends TextPlace {
  readonly text: string;
  /** The same for all the rests of a suggestion. */
  readonly suggestion: { readonly source: Source; isTaken: boolean; isWhole: boolean };
  /** How many characters before the place it stands in for. */
  readonly left: number;
  /** Whether some of it, or all, was taken. */
  isTaken: boolean;
  /** Where it, or its end, was last put in. */
  landed: Span | undefined;
}

export interface Acceptance<Source> {
  /**
   * `text` was shown to go in at `place`, for `left` characters before it; the rest of what was shown before does not count again.
   */
  shown(place: TextPlace, text: string, source: Source, left?: number): Offer<Source>;
  /** All of `text` was taken: the offer's, or another one that could be chosen in its place. */
  accepted(offer: Offer<Source>, text: string): void;
  /** By the user's keys or by a command. */
  inserted(insertion: Insertion): void;
  counts(): AcceptedCounts;
}

export interface AcceptanceListener<Source> {
  shown(source: Source): void;
  taken(taken: Taken<Source>): void;
}

export function createAcceptance<Source>(listener: AcceptanceListener<Source>): Acceptance<Source> {
  let newest: Offer<Source> | undefined;
  let counts: AcceptedCounts = { shown: 0, whole: 0, inPart: 0, characters: 0 };
  const take = (
    offer: Offer<Source>,
    how: TakenHow,
    part: { text: string; span: Span | undefined },
  ): void => {
    const { suggestion, document } = offer;
    const kind = how === 'whole' ? 'whole' : 'inPart';
    counts = { ...counts, [kind]: counts[kind] + 1, characters: counts.characters + part.text.length };
    listener.taken({ source: suggestion.source, how, isFirst: !suggestion.isTaken, document, ...part });
    offer.isTaken = true;
    suggestion.isTaken = true;
    if (how === 'whole') suggestion.isWhole = true;
  };
  return {
    shown(place, text, source, left = 0) {
      const before = newest !== undefined && isRest(newest, { ...place, text, left }) ? newest : undefined;
      const suggestion = before?.suggestion ?? { source, isTaken: false, isWhole: false };
      newest = { ...place, text, suggestion, left, isTaken: false, landed: undefined };
      if (before === undefined) {
        counts = { ...counts, shown: counts.shown + 1 };
        listener.shown(source);
      }
      return newest;
    },
    accepted: (offer, text) => take(offer, 'whole', { text, span: offer.landed }),
    inserted({ text, span, ...place }) {
      if (newest === undefined || newest.document !== place.document) return;
      if (isPart(newest, place, text)) {
        if (!newest.isTaken) take(newest, text === firstLine(newest.text) ? 'line' : 'word', { text, span });
      } else if (text !== '' && newest.text.includes(text)) newest.landed = span;
    },
    counts: () => counts,
  };
}

/** Whether `next` is what is left of an offer after its beginning went in: all of it, where nothing was typed in between. */
function isRest(
  offer: Offer<unknown>,
  next: TextPlace & { readonly text: string; readonly left: number },
): boolean {
  if (offer.suggestion.isWhole || offer.document !== next.document || !offer.text.endsWith(next.text))
    return false;
  const head = offer.text.slice(0, offer.text.length - next.text.length);
  const breaks = head.split('\n').length - 1;
  const from = breaks > 0 ? 0 : offer.character - offer.left;
  const character = from + head.length - (head.lastIndexOf('\n') + 1);
  return next.line === offer.line + breaks && next.character - next.left === character;
}

/** A single character is taken for a key that was pressed: nothing tells it from a word of one letter. */
function isPart(offer: TextPlace & { readonly text: string }, at: TextPlace, text: string): boolean {
  const isHere = offer.line === at.line && offer.character === at.character;
  return isHere && text.length > 1 && text.length < offer.text.length && offer.text.startsWith(text);
}

/** What the editor takes for a line ends with its line feed; a last line without one is taken as a whole. */
function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\n') + 1);
}
