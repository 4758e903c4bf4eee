import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseFiles, excerptOf, SAMPLED_FILES, SKIPPED_FOLDERS } from '../../src/extension/sample-choice.ts';

const path = fc
  .tuple(fc.constantFrom('a', 'b', 'b/c'), fc.integer({ min: 0, max: 50 }), fc.constantFrom('ts', 'py', 'md'))
  .map(([folder, name, ending]) => `file:///w/${folder}/f${name}.${ending}`);
const paths = fc.array(path, { maxLength: 60 });

describe('the files that stand for a workspace', () => {
  it('do not depend on the order in which they were found', () => {
    fc.assert(
      fc.property(paths, fc.integer({ min: 0, max: 20 }), (found, most) => {
        expect(chooseFiles(found.toReversed(), most)).toEqual(chooseFiles(found, most));
      }),
    );
  });

  it('are some of those found, none twice, as many as asked', () => {
    fc.assert(
      fc.property(paths, fc.integer({ min: 0, max: 20 }), (found, most) => {
        const chosen = chooseFiles(found, most);
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(chosen.length).toBe(Math.min(most, new Set(found).size));
        for (const one of chosen) expect(found).toContain(one);
      }),
    );
  });

  it('come from every folder before a second one of any, and in a folder from every language', () => {
    const many = Array.from({ length: 100 }, (_, i) => `w/big/f${i}.ts`);
    expect(chooseFiles([...many, 'w/small/one.py', 'w/other/two.py'], 3).sort()).toEqual([
      expect.stringMatching('w/big/'),
      'w/other/two.py',
      'w/small/one.py',
    ]);
    expect(chooseFiles([...many, 'w/big/one.py'], 2)).toContain('w/big/one.py');
  });

  it('are not what programs wrote', () => {
    const made = ['w/a.min.js', 'w/types.d.ts', 'w/x_pb2.py', 'w/CHANGELOG.md', 'w/api.generated.ts'];
    expect(chooseFiles([...made, 'w/hand.ts'], 9)).toEqual(['w/hand.ts']);
  });

  it('are asked for by endings and without the folders of others', () => {
    expect(SAMPLED_FILES).toMatch(/^\*\*\/\*\.\{[a-z0-9,]+\}$/);
    for (const ending of ['ts', 'py', 'rs', 'md'])
      expect(SAMPLED_FILES).toMatch(new RegExp(`[{,]${ending}[,}]`));
    for (const ending of ['env', 'pem', 'json', 'lock', 'csv'])
      expect(SAMPLED_FILES).not.toMatch(new RegExp(`[{,]${ending}[,}]`));
    expect(SKIPPED_FOLDERS).toContain('node_modules');
  });
});

describe('an excerpt', () => {
  it('is the middle of a long text in whole lines, and all of a short one', () => {
    const text = Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join('');
    const excerpt = excerptOf(text, 100);
    expect(excerpt).toMatch(/^line 4\d\n/);
    expect(excerpt).toMatch(/\n$/);
    expect(excerptOf(text, 5000)).toBe(text);
    expect(excerptOf('x'.repeat(500), 100)).toBe('x'.repeat(100));
  });

  it('is a part of the text and never longer than asked', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 30 })), fc.integer({ min: 1, max: 200 }), (lines, most) => {
        const text = lines.join('\n');
        const excerpt = excerptOf(text, most);
        expect(text).toContain(excerpt);
        expect(excerpt.length).toBeLessThanOrEqual(most + 1);
      }),
    );
  });
});
