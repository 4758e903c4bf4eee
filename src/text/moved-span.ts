/** Where a part of a text is after the text was changed elsewhere. Offsets count UTF-16 units, as the editor does. */

export interface Span {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** `length` units from `start` on were replaced by `added` others. */
export interface SpanChange {
  readonly start: number;
  readonly length: number;
  readonly added: number;
}

/** Undefined where the change touches the inside of the span. What is inserted at either end stays outside. */
export function movedSpan(span: Span, { start, length, added }: SpanChange): Span | undefined {
  if (start >= span.end && (start > span.start || length > 0)) return span;
  if (start + length > span.start) return undefined;
  return { start: span.start + added - length, end: span.end + added - length };
}
