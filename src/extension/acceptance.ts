/**
 * How much of what was shown was taken: whole, which the editor tells, or by word and by line, which it tells nobody and which is
 * seen from the document growing by a beginning of the shown text.
 */

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

export interface Acceptance {
  /** `text` was shown to go in at `place`; the rest of what was shown before does not count again. */
  shown(place: TextPlace, text: string): void;
  /** All of `text` was taken. */
  accepted(text: string): void;
  /** `text` was put into a document at `place`, by the user's keys or by a command. */
  inserted(place: TextPlace, text: string): void;
  counts(): AcceptedCounts;
}

interface Offer extends TextPlace {
  readonly text: string;
  /** Whether some of it, or all, was taken. */
  readonly isTaken: boolean;
}

export function createAcceptance(): Acceptance {
  let offer: Offer | undefined;
  let counts: AcceptedCounts = { shown: 0, whole: 0, inPart: 0, characters: 0 };
  const take = (how: 'whole' | 'inPart', text: string): void => {
    if (offer !== undefined) offer = { ...offer, isTaken: true };
    counts = { ...counts, [how]: counts[how] + 1, characters: counts.characters + text.length };
  };
  return {
    shown(place, text) {
      const isRest = offer?.document === place.document && offer.text.endsWith(text);
      offer = { ...place, text, isTaken: false };
      if (!isRest) counts = { ...counts, shown: counts.shown + 1 };
    },
    accepted: (text) => take('whole', text),
    inserted(place, text) {
      if (offer !== undefined && !offer.isTaken && isPart(offer, place, text)) take('inPart', text);
    },
    counts: () => counts,
  };
}

/** A single character is taken for a key that was pressed: nothing tells it from a word of one letter. */
function isPart(offer: Offer, { document, line, character }: TextPlace, text: string): boolean {
  const isHere = offer.document === document && offer.line === line && offer.character === character;
  return isHere && text.length > 1 && text.length < offer.text.length && offer.text.startsWith(text);
}
