import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_DEPTH, MAX_FORMULA } from '../../media/chat/formula.ts';
import { type Block, renderBlocks } from '../../media/chat/markdown.ts';
import { HOSTILE, LONG } from './hostile.ts';

const html = (text: string): string =>
  renderBlocks(text)
    .map((block) => block.html)
    .join('');

/** The names and attributes of every tag in the HTML. */
function tags(text: string): { name: string; attributes: string[] }[] {
  return tagsOf(html(text));
}

function tagsOf(given: string): { name: string; attributes: string[] }[] {
  return [...given.matchAll(/<([a-z][\w:-]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/gi)].map(
    ([, name = '', attributes = '']) => ({
      name: name.toLowerCase(),
      attributes: [...attributes.matchAll(/([\w:-]+)(?:="[^"]*")?/g)].map(([, attribute = '']) => attribute),
    }),
  );
}

const FORBIDDEN_TAGS =
  /^(script|img|iframe|object|embed|style|link|meta|base|form|input|video|audio|image|use)$/;
const FORBIDDEN_ATTRIBUTES = /^(on\w+|href|src|srcset|action|formaction|xlink:href|srcdoc|id|name)$/i;

function expectHarmless(text: string): void {
  expectHarmlessHtml(html(text));
}

function expectHarmlessHtml(given: string): void {
  for (const { name, attributes } of tagsOf(given)) {
    expect(name).not.toMatch(FORBIDDEN_TAGS);
    for (const attribute of attributes) expect(attribute).not.toMatch(FORBIDDEN_ATTRIBUTES);
  }
  expect(given).not.toMatch(/data-url="(?!https?:\/\/)/i);
}

describe('nothing an answer says can act', () => {
  test('in two hundred ways, at whatever place its stream is', () => {
    expect(new Set(HOSTILE).size).toBeGreaterThanOrEqual(200);
    for (const text of HOSTILE) {
      let blocks: readonly Block[] = [];
      for (let end = 1; end <= text.length; end++) {
        blocks = renderBlocks(text.slice(0, end), blocks);
        expectHarmlessHtml(blocks.map((block) => block.html).join(''));
      }
      // What was kept from piece to piece is what the whole gives.
      expect(blocks).toEqual(renderBlocks(text));
    }
  });

  test.each(LONG)('nor at length: %.40s', (text) => {
    expectHarmless(text);
  });

  test('nor any mixture of such pieces', () => {
    const pieces = fc.constantFrom(
      ...HOSTILE.filter((text) => text.length < 200),
      '\n',
      '`',
      '$',
      '](',
      '"',
      '>',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => expectHarmless(parts.join(''))),
      { numRuns: 200 },
    );
  });

  test('while the check itself does see a tag and an attribute that could', () => {
    expect(tags('[x](https://a.example)')).toContainEqual({
      name: 'a',
      attributes: ['class', 'role', 'tabindex', 'data-url', 'title'],
    });
    expect('script').toMatch(FORBIDDEN_TAGS);
    expect('onerror').toMatch(FORBIDDEN_ATTRIBUTES);
  });
});

describe('formulas', () => {
  test('a bare \\boxed is set as a formula', () => {
    expect(html('The answer is \\boxed{42}.')).toContain('class="katex"');
  });

  test.each([
    ['code spans', 'write `\\(x\\)` or `$x$`'],
    ['code blocks', '```tex\n\\[x\\]\n$x$ \\boxed{1}\n```'],
    ['indented code', 'so:\n\n    $x$ \\boxed{1}\n'],
    ['prices', 'between $5 and $10'],
    ['unfinished formulas', 'so \\(x and \\[y and $z and \\boxed{4'],
    ['escaped dollars', '\\$x\\$'],
  ])('%s are left alone', (_, text) => {
    expect(html(text)).not.toContain('katex');
  });

  test('lines of a display formula are not taken for a list, a heading or a quotation', () => {
    const text = 'so\n\\[\n- x\n= 5\n\n> y\n\\]\nthen';
    expect(renderBlocks(text).map(({ source }) => source)).toEqual([
      'so',
      '\\[\n- x\n= 5\n\n> y\n\\]',
      'then',
    ]);
    expect(html(text)).toContain('katex-display');
  });

  test('a formula inside a list item or a table is set', () => {
    expect(html('- a\n\n  \\[\n  x\n  \\]\n')).toContain('katex-display');
    expect(html('| a |\n|---|\n| $x$ |')).toContain('class="katex"');
  });

  test('one past the bound is shown as code, one at the bound is set', () => {
    const of = (length: number): string => html(`\\(${'x'.repeat(length)}\\)`);
    expect(of(MAX_FORMULA)).toContain('katex');
    expect(of(MAX_FORMULA + 1)).toContain(`<code class="tex">\\(${'x'.repeat(MAX_FORMULA + 1)}\\)</code>`);
  });

  test('one of groups too deep is shown as code, one at the bound is set', () => {
    const of = (depth: number): string => html(`\\(${'{'.repeat(depth)}x${'}'.repeat(depth)}\\)`);
    expect(of(MAX_DEPTH)).toContain('katex');
    expect(of(MAX_DEPTH + 1)).toContain('<code class="tex">');
  });

  test('of one block the first hundred are set', () => {
    expect(html('$x$ '.repeat(120)).match(/class="katex"/g)).toHaveLength(100);
    expect(html('$x$ '.repeat(120)).match(/class="tex"/g)).toHaveLength(20);
    expect(html('$x$ '.repeat(100))).not.toContain('class="tex"');
  });

  test('one that defines macros is shown as code', () => {
    expect(html('$\\def\\a{x}\\a$')).toContain('<code class="tex">');
    expect(html('$\\letter\\longrightarrow x$')).not.toContain('<code');
  });

  test('one with an error shows its source and the rest of the answer', () => {
    expect(html('$\\frac{$ then **bold**')).toContain('<strong>bold</strong>');
  });
});

describe('code blocks', () => {
  test('carry the language, the four buttons and coloured code', () => {
    const block = html('```ts\nconst a = 1;\n```');
    expect(block).toContain('<span class="language">ts</span>');
    expect(block).toMatch(/class="quiet copy"[^>]*>Copy</);
    expect(block).toMatch(/class="quiet insert"[^>]*>Insert</);
    expect(block).toMatch(/class="quiet propose"[^>]*>Diff</);
    expect(block).toMatch(/class="quiet create"[^>]*>New file</);
    expect(block).toContain('<span class="hljs-keyword">const</span>');
  });

  test('of an unknown language keep their text', () => {
    expect(html('```whitespace\na < b\n```')).toContain('>a &lt; b\n</code>');
  });

  test('that are not finished are code already', () => {
    expect(html('```ts\nconst a')).toContain('class="code"');
  });
});

test('a block too large to draw with every piece is shown as it was written', () => {
  const table = (rows: number): string => `|a|b|\n|-|-|\n${'|<b>|x|\n'.repeat(rows)}`;
  expect(html(table(50))).toContain('<table>');
  expect(html(table(500))).not.toContain('<table>');
  expect(html(table(500))).toContain('|&lt;b&gt;|x|');
});

test('a link keeps its address for the editor and has none for the browser', () => {
  expect(html('[docs](https://a.example/b?c=1&d=2)')).toContain('data-url="https://a.example/b?c=1&amp;d=2"');
  expect(html('[docs](https://a.example)')).not.toContain('href');
});

test('an image is shown as what was written', () => {
  expect(html('![a chart](https://a.example/c.png)')).toContain('![a chart](https://a.example/c.png)');
});

const ANSWER =
  'First \\(x^2\\), *then*:\n\n1. one\n2. two $y$\n\n```ts\nconst a = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n' +
  '\\[\n\\frac{1}{2}\n\\]\n\n> It costs $5 and $10.\n\nThe answer is \\boxed{42}.';

describe('a stream', () => {
  test('never throws and never loses a letter outside formulas, at any prefix', () => {
    for (let end = 0; end <= ANSWER.length; end++) {
      const prefix = ANSWER.slice(0, end);
      const rendered = html(prefix)
        .replace(/<annotation[^>]*>[^<]*<\/annotation>/g, (annotation) => annotation)
        .replace(/<[^>]*>/g, '');
      for (const word of prefix.match(/\b(?:First|then|one|two|const|costs|answer|frac|boxed)\b/g) ?? []) {
        expect(rendered).toContain(word);
      }
    }
  });

  test('gives at the end what the whole text gives at once', () => {
    let blocks: Block[] = [];
    for (let end = 0; end <= ANSWER.length; end++) blocks = renderBlocks(ANSWER.slice(0, end), blocks);
    expect(blocks).toEqual(renderBlocks(ANSWER));
  });

  test('keeps the blocks that no longer change', () => {
    const before = renderBlocks('# One\n\ntwo\n\nthree');
    const after = renderBlocks('# One\n\ntwo\n\nthree and more', before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after[2]).not.toBe(before[2]);
  });

  test('reads every kind of line ending', () => {
    expect(renderBlocks('one\r\n\r\ntwo\rthree').map(({ source }) => source)).toEqual(['one', 'two\nthree']);
  });
});
