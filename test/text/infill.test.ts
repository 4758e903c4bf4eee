import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CompletionStyle,
  completionParts,
  completionPrompt,
  openingOf,
  type PromptEncoder,
} from '../../src/text/infill.ts';

/** One token a character; special tokens are negative. */
const specials: Record<string, number> = {
  '<pre>': -1,
  '<suf>': -2,
  '<mid>': -3,
  '<file>': -4,
  '<repo>': -5,
};
const encoder: PromptEncoder = {
  encode: (text) => [...text].map((c) => c.codePointAt(0) ?? 0),
  special: (token) => specials[token] ?? Number.NaN,
};
const show = (ids: readonly number[]): string =>
  ids
    .map((id) => Object.keys(specials).find((key) => specials[key] === id) ?? String.fromCodePoint(id))
    .join('');

const spm: CompletionStyle = {
  infill: { order: 'spm', prefix: '<pre>', suffix: '<suf>', middle: '<mid>' },
  file: '<file>',
  promptTokens: 60,
  suffixTokens: 10,
};
const psm: CompletionStyle = {
  ...spm,
  infill: { order: 'psm', prefix: '<pre>', suffix: '<suf>', middle: '<mid>' },
};
const prefixOnly: CompletionStyle = { file: '<file>', promptTokens: 60, suffixTokens: 10 };
const repository: CompletionStyle = { ...prefixOnly, repository: '<repo>' };
const context = { prefix: 'let a = ', suffix: ';\n', file: 'a.ts' };

describe('a completion prompt', () => {
  it('is suffix first for SPM, so that the middle follows the prefix', () => {
    expect(show(completionPrompt(spm, context, encoder))).toBe('<pre><suf>;\n<mid><file>a.ts\nlet a = ');
  });

  it('is prefix, suffix, middle for PSM', () => {
    expect(show(completionPrompt(psm, context, encoder))).toBe('<pre><file>a.ts\nlet a = <suf>;\n<mid>');
  });

  it('is the prefix alone for models that never learned to fill in', () => {
    expect(show(completionPrompt(prefixOnly, context, encoder))).toBe('<file>a.ts\nlet a = ');
    expect(
      show(completionPrompt({ ...prefixOnly, file: '<file>' }, { ...context, file: undefined }, encoder)),
    ).toBe('let a = ');
  });

  it('names the repository and the path in it to models that learned that, and the file alone to others', () => {
    const place = { ...context, file: 'src/a.ts', repository: 'chorus' };
    expect(show(completionPrompt(repository, place, encoder))).toBe('<repo>chorus<file>src/a.ts\nlet a = ');
    expect(show(completionPrompt(repository, { ...place, repository: undefined }, encoder))).toBe(
      '<file>src/a.ts\nlet a = ',
    );
    expect(show(completionPrompt(prefixOnly, place, encoder))).toBe('<file>a.ts\nlet a = ');
    expect(show(completionPrompt(repository, { ...place, file: '' }, encoder))).toBe('let a = ');
  });

  it('puts pieces of other files first, the most useful next to the file, where the family tells files apart', () => {
    const chunks = [
      { file: 'src/b.ts', text: 'most useful' },
      { file: 'c.ts', text: 'less\n' },
    ];
    const roomy = { promptTokens: 300 };
    const place = { ...context, file: 'src/a.ts', repository: 'chorus', chunks };
    expect(show(completionPrompt({ ...repository, ...roomy }, place, encoder))).toBe(
      '<repo>chorus<file>c.ts\nless\n<file>src/b.ts\nmost useful\n<file>src/a.ts\nlet a = ',
    );
    expect(show(completionPrompt({ ...psm, ...roomy }, place, encoder))).toBe(
      '<file>c.ts\nless\n<file>b.ts\nmost useful\n<pre><file>a.ts\nlet a = <suf>;\n<mid>',
    );
    const { file: _, ...nameless } = { ...psm, ...roomy };
    expect(show(completionPrompt(nameless, place, encoder))).toBe('<pre>let a = <suf>;\n<mid>');
  });

  it('names files and repository before a fill-in only beside other files, where the family learned it so', () => {
    const { file: _, ...plain } = psm;
    const qwen = { ...plain, promptTokens: 400, beside: { file: '<file>', repository: '<repo>' } };
    const place = { ...context, file: 'src/a.ts', repository: 'chorus' };
    const chunks = [{ file: 'src/b.ts', text: 'export const b = 1;' }];
    const alone = '<pre>let a = <suf>;\n<mid>';
    expect(show(completionPrompt(qwen, place, encoder))).toBe(alone);
    expect(show(completionPrompt(qwen, { ...place, chunks }, encoder))).toBe(
      `<repo>chorus\n<file>src/b.ts\nexport const b = 1;\n<file>src/a.ts\n${alone}`,
    );
    // No room for a piece that says anything.
    expect(show(completionPrompt({ ...qwen, promptTokens: 120 }, { ...place, chunks }, encoder))).toBe(alone);
    const long = { ...place, prefix: 'x'.repeat(900), suffix: 'y'.repeat(900), chunks };
    expect(completionPrompt(qwen, long, encoder).length).toBeLessThanOrEqual(400);
  });

  it('gives other files a quarter at most, and none a piece too short to say anything', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.array(fc.record({ file: fc.constant('b.ts'), text: fc.string({ maxLength: 200 }) }), {
          maxLength: 5,
        }),
        fc.string({ maxLength: 400 }),
        (promptTokens, chunks, prefix) => {
          const parts = completionParts({ ...spm, promptTokens }, { ...context, prefix, chunks }, encoder);
          const taken = parts.flatMap(({ kind, ids }) => (kind === 'chunk' ? ids : []));
          expect(taken.length).toBeLessThanOrEqual(promptTokens / 4);
          const all = parts.flatMap(({ ids }) => ids);
          // Four marks, and never less than one token of the prefix.
          expect(all.length).toBeLessThanOrEqual(Math.max(promptTokens, spm.suffixTokens + 6));
          const tail = encoder.encode(prefix).slice(-Math.max(1, Math.floor(promptTokens / 8)));
          if (prefix !== '') expect(all.slice(all.length - tail.length)).toEqual(tail);
        },
      ),
    );
    const [small] = completionParts(
      { ...spm, promptTokens: 60 },
      { ...context, chunks: [{ file: 'b.ts', text: 'x'.repeat(80) }] },
      encoder,
    );
    expect(small?.kind).toBe('marker');
  });

  it('never exceeds its budget, and ends with the prefix’s last tokens', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (prefix, suffix) => {
        for (const style of [spm, prefixOnly, repository]) {
          const file = `${suffix.replaceAll('/', '')}a.ts`;
          const ids = completionPrompt(style, { prefix, suffix, file, repository: 'chorus' }, encoder);
          expect(ids.length).toBeLessThanOrEqual(style.promptTokens);
          const tail = encoder.encode(prefix).slice(-10);
          expect(ids.slice(ids.length - tail.length)).toEqual(tail);
        }
      }),
    );
  });

  it('keeps its head while a long prefix grows, but for a few coarse steps', () => {
    let changes = 0;
    let before: number[] = [];
    for (let length = 200; length < 300; length++) {
      const ids = completionPrompt(spm, { prefix: 'x'.repeat(length), suffix: '}', file: 'a.ts' }, encoder);
      if (!before.every((id, i) => ids[i] === id)) changes++;
      before = ids;
    }
    // 100 characters, in steps of a quarter of the room.
    expect(changes).toBeLessThanOrEqual(10);
  });
});

describe('what is taken back from the end of a prefix', () => {
  it.each([
    ['const x = ', ' '],
    ['f() {\n\t  ', '\t  '],
    ['con', ''],
    ['a con', ' con'],
    ['  ', ''],
    ['{\n    con', '    con'],
    ['let x', ' x'],
    ['a.größe', 'größe'],
    ['f(', ''],
    ['f() {\n', ''],
    ['', ''],
    [`let ${'x'.repeat(50)}`, ''],
  ])('of %j is %j', (prefix, opening) => {
    expect(openingOf(prefix)).toBe(opening);
  });
});
