import fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import { describe, expect, it } from 'vitest';
import { modelPage } from '../../src/extension/model-page.ts';
import type { ModelFacts } from '../../src/protocol/obtain.ts';

const facts: ModelFacts = {
  name: 'Toy',
  summary: 'A model for tests.',
  licence: '',
  format: 'gguf',
  precision: 'q4',
  bytes: 1.5e9,
  memoryBytes: 2e9,
  contextLength: 4096,
  layers: 2,
  vocabulary: 1000,
  vocabularyHash: 'ab'.repeat(32),
  chat: true,
  infill: false,
};
const page = (readme?: string, change: Partial<ModelFacts> = {}): string =>
  modelPage({ id: 'toy', name: 'Toy', folder: '/m/toy', facts: { ...facts, ...change }, readme });
const html = (text: string): string => new MarkdownIt({ html: true, linkify: true }).render(text);

describe('the page about a model', () => {
  it('says what its files say, in a table', () => {
    const text = page();
    const shown = html(text);
    for (const cell of [
      '1.5 GB',
      'about 2.0 GB',
      '4,096 tokens',
      'continue a text, chat',
      'its files do not say',
    ])
      expect(shown).toContain(`<td>${cell}</td>`);
    expect(shown).toContain('ab'.repeat(32));
    expect(shown).toContain('<h1>Toy</h1>');
  });

  it('takes the licence from the card where nothing else says it, and the rest of the card as it is', () => {
    const card =
      '---\nlicense: apache-2.0\ntags: [x]\n---\n# Toy\n\nBy **somebody**.\n\n```rust\nvec![1]\n```';
    const shown = html(page(card));
    expect(shown).toContain('<td>apache-2.0</td>');
    expect(shown).toContain('<strong>somebody</strong>');
    expect(shown).not.toContain('tags:');
    expect(html(page(card, { licence: 'MIT' }))).toContain('<td>MIT</td>');
  });

  it('says why a model cannot be used', () => {
    const text = modelPage({
      id: 'toy',
      name: 'Toy',
      folder: '/m',
      facts: undefined,
      why: 'It is cut short.',
    });
    expect(html(text)).toContain('It is cut short.');
  });

  it.each([
    '![x](https://a.example/x.png)',
    '[![x](https://a.example/x.png)](https://a.example)',
    '![x][ref]\n\n[ref]: https://a.example/x.png',
    '<img src="https://a.example/x.png">',
    '<IMG\nSRC=https://a.example/x.png>',
    '<picture><source srcset="https://a.example/x.png"></picture>',
    '<im<img>g src=https://a.example/x.png>',
    '<svg><image href="https://a.example/x.png"/></svg>',
    '<iframe src="https://a.example"></iframe>',
    '<div style="background:url(https://a.example/x.png)">',
    '<!-- --><script>alert(1)</script>',
    '!<b>[x](https://a.example/x.png)',
  ])('loads nothing from anywhere: %s', (card) => {
    expect(html(card)).toMatch(/<(img|source|image|iframe|div|script|b)\b/i);
    expect(html(page(card))).not.toMatch(/<(img|source|image|svg|iframe|div|script|style)\b/i);
  });

  it('loads nothing, whatever the card is made of', () => {
    const piece = fc.constantFrom(
      '!',
      '[',
      ']',
      '(',
      ')',
      '<',
      '>',
      'img ',
      'src=x',
      '<b>',
      '</b>',
      '\\',
      '\n',
      '`',
      'x',
      '/',
      '"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(html(page(pieces.join('')))).not.toMatch(/<img\b/i);
      }),
    );
  });

  it('keeps what files say inside its cell', () => {
    const shown = html(page(undefined, { licence: 'a | b\n| c', summary: '![x](y) <img src=z>' }));
    expect(shown).toContain('<td>a | b | c</td>');
    expect(shown).not.toMatch(/<img/);
  });
});
