/** Constraints on the pool: which tokens may come next, applied after pooling and before the draw. */

export interface Constraint {
  /** Sets the probability of every token that may not come next to 0. */
  restrict(probabilities: Float64Array): void;
  /** Told each token drawn. */
  accept(token: number): void;
}

/**
 * The answer must begin with `opening`: what was taken back from the end of a prompt so that a token boundary there
 * does not mislead the model ("token healing"). Allowed are tokens that go on with it or past it.
 * @param bytes what each token stands for; empty for tokens without text
 */
export function mustBeginWith(opening: Uint8Array, bytes: (token: number) => Uint8Array): Constraint {
  let rest = opening;
  return {
    restrict(probabilities) {
      if (rest.length === 0) return;
      for (let token = 0; token < probabilities.length; token++) {
        if (!goesOn(bytes(token), rest)) probabilities[token] = 0;
      }
    },
    accept(token) {
      rest = rest.subarray(Math.min(rest.length, bytes(token).length));
    },
  };
}

/** Whether one of the two begins with the other, and there is something to go on with. */
function goesOn(token: Uint8Array, rest: Uint8Array): boolean {
  const shared = Math.min(token.length, rest.length);
  for (let i = 0; i < shared; i++) if (token[i] !== rest[i]) return false;
  return shared > 0;
}
