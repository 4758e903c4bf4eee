import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { specialSplitter } from '../../src/runtime/special-tokens.ts';
import { readTokenizer } from '../../src/runtime/tokenizer.ts';
import { pocket, temporaryFolder } from '../programs.ts';

interface Json {
  added_tokens: { id: number; content: string; special: boolean }[];
  model: { vocab: Record<string, number>; merges: unknown[] };
}

async function changed(change: (json: Json) => void) {
  const folder = temporaryFolder();
  const json = JSON.parse(readFileSync(join(pocket('code'), 'tokenizer.json'), 'utf8')) as Json;
  change(json);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(json));
  copyFileSync(join(pocket('code'), 'tokenizer_config.json'), join(folder, 'tokenizer_config.json'));
  return readTokenizer(join(folder, 'tokenizer.json'), join(folder, 'tokenizer_config.json'));
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('a tokenizer', () => {
  it('keeps tokens named like members of objects', async () => {
    const tokenizer = await changed((json) => {
      const { vocab } = json.model;
      for (const [i, name] of ['constructor', 'prototype', '__proto__', 'toString'].entries()) {
        Object.defineProperty(vocab, name, { value: 4096 + i, enumerable: true });
      }
    });
    expect(tokenizer.size).toBe(4100);
    expect([4096, 4097, 4098, 4099].map((id) => text(tokenizer.bytes(id)))).toEqual([
      'constructor',
      'prototype',
      '__proto__',
      'toString',
    ]);
  });

  it('takes markup as special by its shape, as in Qwen2.5, whose fill-in-the-middle tokens are not marked', async () => {
    const tokenizer = await changed((json) => {
      for (const token of json.added_tokens) token.special = false;
    });
    expect(tokenizer.specialId('<|fim_prefix|>')).toBe(4090);
    expect(tokenizer.encode('<|fim_prefix|>x').length).toBeGreaterThan(3);
    expect(tokenizer.encodeWithSpecials('<|fim_prefix|>x')[0]).toBe(4090);
  });

  it('gives back every text byte for byte', async () => {
    const tokenizer = await changed(() => {});
    for (const sample of ['größe: 日本語 🙂', 'a\tb\r\n  c', '<|im_end|>', 'constructor prototype']) {
      const bytes = tokenizer.encode(sample).flatMap((id) => [...tokenizer.bytes(id)]);
      expect(text(Uint8Array.from(bytes))).toBe(sample);
    }
  });
});

describe('splitting at special tokens', () => {
  it('takes the longest, and leaves everything else as it is', () => {
    const split = specialSplitter([
      { id: 1, content: '<a>' },
      { id: 2, content: '<a><b>' },
      { id: 3, content: '[x]' },
    ]);
    expect(split('s<a><b>t<a>[x]<c>')).toEqual(['s', 2, 't', 1, 3, '<c>']);
    expect(split('')).toEqual([]);
  });

  it('stays quick with many tokens and a long text', () => {
    const split = specialSplitter(
      Array.from({ length: 20_000 }, (_, id) => ({ id, content: `<|token ${id}|>` })),
    );
    expect(split('<'.repeat(100_000))).toEqual(['<'.repeat(100_000)]);
  });
});
