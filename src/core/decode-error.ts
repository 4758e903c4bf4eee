/** What core says of experts that cannot go on: logits that are not finite, vocabularies that differ, nothing to draw. */

export class DecodeError extends RangeError {}

/** Everything is masked: the constraint and what is banned leave no token that the pool could give. */
export class NothingToDraw extends DecodeError {
  constructor() {
    super('no token may be drawn');
  }
}
