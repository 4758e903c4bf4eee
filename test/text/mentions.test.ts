import { describe, expect, test } from 'vitest';
import { isSameBegun, mentionBegun, mentionsIn, mentionText } from '../../src/text/mentions.ts';
import { rankPaths } from '../../src/text/rank-paths.ts';

const found = (text: string): string[] =>
  mentionsIn(text).map(({ mention, from, to }) => `${mentionText(mention)} = ${text.slice(from, to)}`);

describe('a mention', () => {
  test('is a name of the four, or a path, after a blank, a bracket or the beginning', () => {
    expect(found('@selection (@problems)\n@terminal @file:src/a.ts')).toEqual([
      '@selection = @selection',
      '@problems = @problems',
      '@terminal = @terminal',
      '@file:src/a.ts = @file:src/a.ts',
    ]);
  });

  test('ends before the point of a sentence, and a path with blanks stands in quotes', () => {
    expect(found('See @file:src/a.ts. Or @file:b.ts, @file:"my file.md"?')).toEqual([
      '@file:src/a.ts = @file:src/a.ts',
      '@file:b.ts = @file:b.ts',
      '@file:"my file.md" = @file:"my file.md"',
    ]);
  });

  test('is nothing else: no address, no longer word, no decorator, nothing in code', () => {
    for (const text of [
      'me@file:a.ts',
      'mail me@selection',
      '@selections',
      '@selection-color',
      '@file: a.ts',
      '@file',
      '@other',
      '`@file:a.ts`',
      '```ts\n@selection\nclass A {}\n```',
      '```\n@file:a.ts',
    ]) {
      expect(mentionsIn(text)).toEqual([]);
    }
  });

  test('is read as it was written, whatever the path', () => {
    for (const path of ['a.ts', 'a b.ts', 'ends.', 'x(1)']) {
      expect(mentionsIn(mentionText({ kind: 'file', path }))[0]?.mention).toEqual({ kind: 'file', path });
    }
  });
});

test('what is being typed is a name after @ and a path after @file:', () => {
  const at = (text: string) => mentionBegun(text, text.length);
  expect(at('see @')).toEqual({ kind: 'name', from: 4, query: '' });
  expect(at('@sel')).toEqual({ kind: 'name', from: 0, query: 'sel' });
  expect(at('see @file:src/a')).toEqual({ kind: 'path', from: 4, query: 'src/a' });
  expect(at('@file:"my fi')).toEqual({ kind: 'path', from: 0, query: 'my fi' });
  for (const text of ['me@', '@sel ', '@file:a ', 'see']) expect(at(text)).toBeUndefined();
  // Before the cursor alone.
  expect(mentionBegun('@file:abc', 7)).toEqual({ kind: 'path', from: 0, query: 'a' });
});

test('what is being typed is another thing once the cursor went elsewhere', () => {
  const text = 'see @sel and @sel';
  const [first, last] = [mentionBegun(text, 8), mentionBegun(text, text.length)];
  expect(isSameBegun(last, mentionBegun(text, text.length))).toBe(true);
  expect(isSameBegun(last, first)).toBe(false);
  expect(isSameBegun(last, mentionBegun(text, text.length - 1))).toBe(false);
  expect(isSameBegun(last, mentionBegun(text, 3))).toBe(false);
});

test('paths fit by the name first, then anywhere, then by letters in their order', () => {
  const paths = ['lib/zebra.ts', 'src/amber.ts', 'src/a/main.ts', 'amazon/b.ts'];
  expect(rankPaths(paths, 'am', 9)).toEqual(['src/amber.ts', 'amazon/b.ts', 'src/a/main.ts']);
  expect(rankPaths(paths, 'ZEB', 9)).toEqual(['lib/zebra.ts']);
  expect(rankPaths(paths, 'szz', 9)).toEqual([]);
  expect(rankPaths(paths, '', 2)).toEqual(paths.slice(0, 2));
});
