/** What core says of experts that cannot go on: logits that are not finite, vocabularies that differ, nothing to draw. */

export class DecodeError extends RangeError {}
