import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certaintyOf, type GatePiece, gate, isFirstLineWhole } from '../../src/text/gate.ts';

/** Pieces of a token each: text, probability, agreement. */
function tokens(...rows: readonly (readonly [string, number?, number?])[]): GatePiece[] {
  return rows.map(([text, probability, agreement], i) => ({
    text,
    tokens: i + 1,
    unit: 'token',
    origin: {
      ...(probability !== undefined && { logProb: Math.log(probability) }),
      ...(agreement !== undefined && { agreement }),
    },
  }));
}
const plain = { wordBegun: false };

describe('how sure the experts were', () => {
  it('is the geometric mean of the probabilities and the mean of the agreements', () => {
    const { confidence, agreement } = certaintyOf(tokens(['a', 0.9, 1], ['b', 0.4, 0.5]), plain);
    expect(confidence).toBeCloseTo(0.6, 12);
    expect(agreement).toBeCloseTo(0.75, 12);
  });

  it('looks at the first line that is not blank alone', () => {
    const line = tokens(['\n', 0.5, 0.5], ['  go', 0.5, 0.5], ['();\n', 0.5, 0.5], ['st', 1e-9, 0]);
    expect(certaintyOf(line, plain).confidence).toBeCloseTo(0.5, 12);
    expect(isFirstLineWhole(line)).toBe(true);
    expect(isFirstLineWhole(line.slice(0, 3))).toBe(true);
    expect(isFirstLineWhole(line.slice(0, 2))).toBe(false);
  });

  it('leaves out the word that the user had begun, and knows nothing where there is no more', () => {
    const pieces = tokens(['ue', 0.001, 0], [' +', 0.5, 0.8]);
    const known = certaintyOf(pieces, { wordBegun: true });
    expect(known.confidence).toBeCloseTo(0.5, 12);
    expect(known.agreement).toBeCloseTo(0.8, 12);
    expect(certaintyOf(pieces, plain).confidence).toBeLessThan(0.1);
    expect(certaintyOf(pieces.slice(0, 1), { wordBegun: true })).toEqual({});
  });

  it('counts the tokens whose text came with a later piece', () => {
    const held: GatePiece = {
      text: 'abc',
      tokens: 3,
      unit: 'token',
      origin: { logProb: 3 * Math.log(0.7), agreement: 1 },
    };
    expect(certaintyOf([held], plain).confidence).toBeCloseTo(0.7, 12);
    // Text that was held back and comes at the end brings no token of its own.
    const flushed: GatePiece = { ...held, text: 'd', origin: { logProb: 0, agreement: 1 } };
    expect(certaintyOf([{ ...held, origin: { agreement: 0.2 } }, flushed], plain).agreement).toBe(0.2);
  });

  it('takes four bytes for a token where bytes are mixed', () => {
    const bytes = tokens(['a', 0.9], ['b', 0.9]).map((piece): GatePiece => ({ ...piece, unit: 'byte' }));
    expect(certaintyOf(bytes, plain).confidence).toBeCloseTo(0.9 ** 4, 12);
  });

  it('is not known where an expert was not run', () => {
    expect(certaintyOf(tokens(['a', 0.5, 0.5], ['b']), plain)).toEqual({});
    expect(certaintyOf([], plain)).toEqual({});
  });

  it('lies within the least and the largest probability', () => {
    const probability = fc.double({ min: 1e-6, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(probability, { minLength: 1, maxLength: 20 }), (probabilities) => {
        const { confidence = Number.NaN } = certaintyOf(
          tokens(...probabilities.map((p) => ['x', p] as const)),
          plain,
        );
        expect(confidence).toBeGreaterThanOrEqual(Math.min(...probabilities) * (1 - 1e-9));
        expect(confidence).toBeLessThanOrEqual(Math.max(...probabilities) * (1 + 1e-9));
      }),
    );
  });
});

describe('the gate', () => {
  const limits = { minConfidence: 0.3, minAgreement: 0.2 };

  it('keeps back what is below a limit, and says the figures', () => {
    expect(gate({ confidence: 0.29, agreement: 1 }, limits)).toEqual({
      by: 'confidence',
      value: 0.29,
      least: 0.3,
    });
    expect(gate({ confidence: 0.9, agreement: 0.1 }, limits)).toMatchObject({ by: 'agreement', value: 0.1 });
    expect(gate({ confidence: 0.3, agreement: 0.2 }, limits)).toBeUndefined();
  });

  it('keeps nothing back that is not known, and nothing at all with limits of 0', () => {
    expect(gate({}, { minConfidence: 1, minAgreement: 1 })).toBeUndefined();
    expect(gate({ confidence: 0, agreement: 0 }, { minConfidence: 0, minAgreement: 0 })).toBeUndefined();
  });
});
