/** How sure the experts were of a suggestion, and whether that is enough to show it. */

/** A piece of an answer as it streamed in. */
export interface GatePiece {
  readonly text: string;
  /** Tokens, or bytes, of the answer up to its end. */
  readonly tokens: number;
  readonly unit: 'token' | 'byte';
  readonly origin: {
    /** Natural log-probability of its tokens together. */
    readonly logProb?: number;
    /** The least agreement between the experts at its tokens, in [0, 1]. */
    readonly agreement?: number;
  };
}

/** Of the first line; absent where it is not known. */
export interface Certainty {
  /** The geometric mean of the probability of a token. */
  readonly confidence?: number;
  /** The mean over the pieces of 1 - total variation between the experts; 1 where one expert answers alone. */
  readonly agreement?: number;
}

/** 0 lets everything through. */
export interface GateLimits {
  readonly minConfidence: number;
  readonly minAgreement: number;
}

export interface Gated {
  readonly by: keyof Certainty;
  readonly value: number;
  readonly least: number;
}

/** Bytes that stand for a token where experts are mixed by bytes, so that one limit serves for both. */
const BYTES_A_TOKEN = 4;

/**
 * `wordBegun`: the cursor stood at the end of a word, which the experts had to write again. The first piece then holds how likely the
 * user's own word was, and does not count.
 */
export function certaintyOf(pieces: readonly GatePiece[], { wordBegun }: { wordBegun: boolean }): Certainty {
  const line = firstLine(pieces).slice(wordBegun ? 1 : 0);
  const first = wordBegun ? (pieces[0]?.tokens ?? 0) : 0;
  const steps = (line.at(-1)?.tokens ?? 0) - first;
  if (steps <= 0) return {};
  const own = line.filter(({ tokens }, i) => tokens > (line[i - 1]?.tokens ?? first));
  const logProb = sumOf(own.map(({ origin }) => origin.logProb));
  const agreement = sumOf(own.map(({ origin }) => origin.agreement));
  const scale = line[0]?.unit === 'byte' ? BYTES_A_TOKEN : 1;
  return {
    ...(logProb !== undefined && { confidence: Math.exp((scale * logProb) / steps) }),
    ...(agreement !== undefined && { agreement: agreement / own.length }),
  };
}

/** What keeps a suggestion back, confidence before agreement; undefined where it may be shown. What is not known keeps nothing back. */
export function gate({ confidence, agreement }: Certainty, limits: GateLimits): Gated | undefined {
  const { minConfidence, minAgreement } = limits;
  if (confidence !== undefined && confidence < minConfidence)
    return { by: 'confidence', value: confidence, least: minConfidence };
  if (agreement !== undefined && agreement < minAgreement)
    return { by: 'agreement', value: agreement, least: minAgreement };
  return undefined;
}

/** Whether more of the answer would not change what is known of its first line. */
export function isFirstLineWhole(pieces: readonly GatePiece[]): boolean {
  return pieces
    .map(({ text }) => text)
    .join('')
    .trimStart()
    .includes('\n');
}

/** Up to the piece with which the first line that is not blank ends. */
function firstLine(pieces: readonly GatePiece[]): readonly GatePiece[] {
  let text = '';
  for (const [i, piece] of pieces.entries()) {
    text += piece.text;
    if (text.trimStart().includes('\n')) return pieces.slice(0, i + 1);
  }
  return pieces;
}

/** Undefined where one is missing. */
function sumOf(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce<number | undefined>(
    (sum, value) => (sum === undefined || value === undefined ? undefined : sum + value),
    0,
  );
}
