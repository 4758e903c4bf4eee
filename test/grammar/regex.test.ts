import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/index.ts';
import { compileGrammar } from '../../src/grammar/grammar.ts';
import { matches, randomText } from './walk.ts';

const regex = (pattern: string) => ({ kind: 'regex', pattern }) as const;
/** What JavaScript itself says. */
const says = (pattern: string, text: string): boolean => new RegExp(`^(?:${pattern})$`, 'u').test(text);

const atom = fc.constantFrom(
  'a',
  'b',
  'é',
  '語',
  '🙂',
  '.',
  '[ab]',
  '[^a]',
  '[a-é]',
  '\\d',
  '\\W',
  '\\s',
  '\\n',
  '\\.',
);
const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4 },
    fc.array(tie('piece'), { maxLength: 3 }).map((all) => all.join('')),
    fc.array(tie('pattern'), { minLength: 2, maxLength: 3 }).map((all) => `(?:${all.join('|')})`),
  ),
  piece: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}', '*?'))
      .map(([of, times]) => `(${of})${times}`),
  ),
}));
const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'é', '語', '🙂', '1', ' ', '\n', '.'),
  maxLength: 5,
});

describe('a regular expression as a grammar', () => {
  it('allows what JavaScript matches, and nothing else', () => {
    let matched = 0;
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 8, maxLength: 8 }), (source, texts) => {
        const given = regex(source);
        for (const each of texts) {
          const right = says(source, each);
          if (right) matched++;
          expect(matches(given, each), `${source} on ${JSON.stringify(each)}`).toBe(right);
        }
      }),
      { numRuns: 60 },
    );
    expect(matched).toBeGreaterThan(20);
  });

  it('can be completed from wherever it leads: a random walk ends in a text that matches', () => {
    fc.assert(
      fc.property(pattern, fc.nat(), (source, seed) => {
        const written = randomText(regex(source), seededRandom(seed), 5);
        expect(says(source, written), `${source} wrote ${JSON.stringify(written)}`).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('knows Unicode’s properties and blanks as JavaScript does', () => {
    for (const source of ['\\p{L}+', '[^\\p{Lu}\\d]', '\\s', '\\S', '\\p{Script=Greek}']) {
      const given = regex(source);
      for (const each of ['a', 'É', '語', '🙂', '𝒳', 'π', '1', '\u00a0', '\ufeff', '\u180e', '\u2028']) {
        expect(matches(given, each), `${source} on ${each}`).toBe(says(source, each));
      }
    }
  });

  it('may be anchored, as it always is', () => {
    expect(matches(regex('^a|b$'), 'a')).toBe(true);
    expect(matches(regex('^a|b$'), 'ab')).toBe(false);
  });

  it.each([
    ['[0-9', /not valid: .*Unterminated character class/],
    ['a(?=b)', /'\(\?=b\)': assertions/],
    ['(a)\\1', /'\\1': references/],
    ['a\\b', /'\\b': assertions/],
    ['(^a)', /'\^': only the ends/],
    ['[]', /matches no text at all/],
    ['('.repeat(300) + ')'.repeat(300), /more than 200 deep/],
    ['('.repeat(2000) + ')'.repeat(2000), /deep/],
    ['a'.repeat(5000), /at most 4096/],
  ])('that cannot be followed is refused with what is wrong: %s', (source, why) => {
    const failure = expect.objectContaining({ code: 'request-invalid', message: expect.stringMatching(why) });
    expect(() => compileGrammar(regex(source))).toThrow(expect.objectContaining({ failure }));
  });

  it('that is slow for others is as good as any: repeats of repeats are one state', () => {
    for (const source of ['(a|a)*b', '(a*)*b', '((a+)+)+b', '(a|aa)*b']) {
      expect(matches(regex(source), `${'a'.repeat(2000)}b`)).toBe(true);
      expect(matches(regex(source), 'a'.repeat(2000))).toBe(false);
    }
  });

  it('that can be read in too many ways ends with an error, not with all time and memory', () => {
    const hostile = regex('((a{0,300}){0,300}b{0,300}){0,300}c{9}');
    expect(() => matches(hostile, 'a'.repeat(10_000))).toThrow(/too complex/);
  });
});
