import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stopMatcher } from '../../src/core/index.ts';

function through(pieces: readonly string[], stops: readonly string[]): { text: string; stopped: boolean } {
  const matcher = stopMatcher(stops);
  let text = '';
  for (const piece of pieces) {
    const { emit, stopped } = matcher.push(piece);
    text += emit;
    if (stopped) return { text, stopped };
  }
  const { emit, stopped } = matcher.flush();
  return { text: text + emit, stopped };
}

const alphabet = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 });

describe('stop strings', () => {
  it('cut at the earliest match however the text is split into pieces', () => {
    fc.assert(
      fc.property(fc.array(alphabet), fc.array(alphabet, { maxLength: 3 }), (pieces, stops) => {
        const whole = pieces.join('');
        const ends = stops
          .filter((s) => s !== '')
          .map((s) => whole.indexOf(s))
          .filter((at) => at !== -1);
        const expected = ends.length === 0 ? whole : whole.slice(0, Math.min(...ends));
        expect(through(pieces, stops)).toEqual({ text: expected, stopped: ends.length > 0 });
      }),
      { numRuns: 1000 },
    );
  });

  it('hold back only what could still become one', () => {
    const matcher = stopMatcher(['\n\n']);
    expect(matcher.push('a\n')).toEqual({ emit: 'a', stopped: false });
    expect(matcher.push('b')).toEqual({ emit: '\nb', stopped: false });
  });

  it('say nothing after a match', () => {
    const matcher = stopMatcher(['x']);
    expect(matcher.push('ax')).toEqual({ emit: 'a', stopped: true });
    expect(matcher.push('more')).toEqual({ emit: '', stopped: true });
  });
});
