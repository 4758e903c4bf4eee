import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { issueWords } from '../../src/models/issue-words.ts';

const whole = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(9));
const schema = v.strictObject({
  count: v.optional(whole),
  name: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(3))),
  list: v.optional(v.pipe(v.array(v.looseObject({ kind: v.picklist(['a', 'b']) })), v.minLength(2))),
  either: v.optional(v.union([v.boolean(), v.looseObject({})])),
  said: v.optional(v.custom<string>((value) => value === 'this', 'must be this')),
  one: v.optional(v.literal('x')),
});

describe('what a check finds wrong', () => {
  it.each<[object, string]>([
    [{ count: 'many' }, "'count' must be a number, not 'many'"],
    [{ count: 1.5 }, "'count' must be a whole number, not 1.5"],
    [{ count: 0 }, "'count' must be at least 1, not 0"],
    [{ count: 10 }, "'count' must be at most 9, not 10"],
    [{ count: null }, "'count' must be a number, not null"],
    [{ name: '' }, "'name' must not be empty"],
    [{ name: 'abcd' }, "'name' must have at most 3 characters, not 4"],
    [{ name: ['a'] }, "'name' must be a text, not a list"],
    [{ list: {} }, "'list' must be a list, not an object"],
    [{ list: [{ kind: 'a' }] }, "'list' must have at least 2 entries"],
    [{ list: [{ kind: 'a' }, { kind: 'c' }] }, "'list[1].kind' must be a or b, not 'c'"],
    [{ either: 1 }, "'either' must be true or false or an object, not 1"],
    [{ said: 'that' }, "'said' must be this"],
    [{ one: 'y' }, "'one' must be x, not 'y'"],
    [{ name: 7, count: 'x'.repeat(500) }, `'count' must be a number, not '${'x'.repeat(78)}…`],
  ])('%j is said in words: %s', (value, words) => {
    const { issues, success } = v.safeParse(schema, value);
    if (success) throw new Error('nothing was found wrong');
    expect(issueWords(issues[0])).toBe(words);
  });
});
