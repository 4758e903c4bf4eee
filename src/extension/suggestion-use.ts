/** What becomes of suggestions, as counts: shown, taken, and still there later; by the experts and the language. */

import type { Counts } from '../protocol/statistics.ts';
import type { SpanChange } from '../text/moved-span.ts';
import {
  type AcceptedCounts,
  createAcceptance,
  type Offer,
  type Taken,
  type TextPlace,
} from './acceptance.ts';
import type { Look, Retention } from './retention.ts';
import type { UsageStore } from './usage-store.ts';

export interface SuggestionSource {
  readonly language: string;
  readonly experts: readonly string[];
  /** Whether it was known before it was asked for. */
  readonly isKnown: boolean;
}

/** A change of a document; its text with line feeds. */
export interface PlacedChange extends SpanChange, TextPlace {
  readonly text: string;
}

export interface SuggestionUse {
  /** `text` was shown to go in at `place`, for `left` characters before it. */
  shown(place: TextPlace, text: string, source: SuggestionSource, left?: number): Offer<SuggestionSource>;
  /** All of `text` was taken, of that offer or in its place. */
  accepted(offer: Offer<SuggestionSource>, text: string): void;
  changed(document: string, changes: readonly PlacedChange[]): void;
  /** Since this was made. */
  counts(): AcceptedCounts;
}

export interface SuggestionUseOptions {
  readonly retention: Retention;
  readonly count: UsageStore['count'];
}

export function createSuggestionUse({ retention, count }: SuggestionUseOptions): SuggestionUse {
  const countFor = ({ language, experts }: SuggestionSource, counts: Counts): void =>
    count({ surface: 'completion', language, experts: experts.join(' + ') }, counts);
  const acceptance = createAcceptance<SuggestionSource>({
    shown: (source) => countFor(source, { shown: 1, ...(source.isKnown && { known: 1 }) }),
    taken(taken) {
      countFor(taken.source, countsOf(taken));
      const { source, document, span, text } = taken;
      if (span !== undefined)
        retention.follow({ document, span, text }, (look) => countFor(source, countsOfLook(look)));
    },
  });
  return {
    shown: acceptance.shown,
    accepted: acceptance.accepted,
    counts: acceptance.counts,
    changed(document, changes) {
      retention.changed(document, changes);
      const [change, ...others] = changes;
      if (change === undefined || others.length > 0) return;
      const { line, character, start, added, text } = change;
      acceptance.inserted({ document, line, character, span: { start, end: start + added }, text });
    },
  };
}

function countsOf({ how, isFirst, text }: Taken<SuggestionSource>): Counts {
  return { [how]: 1, characters: text.length, ...(isFirst && { taken: 1 }) };
}

function countsOfLook({ after, alike, isStill }: Look): Counts {
  return { [`looked${after}`]: 1, [`alike${after}`]: alike, ...(isStill && { [`still${after}`]: 1 }) };
}
