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

/**
 * Follows the span through changes of its inside too, which change its length. Where a change goes beyond one end, what it put in counts as
 * outside; what took the place of all of the span counts as the span.
 */
export function stretchedSpan(span: Span, { start, length, added }: SpanChange): Span {
  const end = start + length;
  const shift = added - length;
  // An empty span is text that was deleted: what is put in there may be that text, by undoing.
  const isAll = start <= span.start && end >= span.end && (end > start || span.start === span.end);
  if (isAll && (start < span.end || start === end)) return { start, end: start + added };
  if (end <= span.start) return { start: span.start + shift, end: span.end + shift };
  if (start >= span.end) return span;
  if (start < span.start) return { start: start + added, end: span.end + shift };
  if (end > span.end) return { start: span.start, end: start };
  return { start: span.start, end: span.end + shift };
}
