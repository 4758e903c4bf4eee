import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { specialSplitter } from '../../src/runtime/special-tokens.ts';
import { readTokenizer } from '../../src/runtime/tokenizer.ts';
import { pocket, temporaryFolder } from '../programs.ts';

interface Json {
  added_tokens: { id: number; content: string; special: boolean }[];
  post_processor: unknown;
  model: { vocab: Record<string, number>; merges: unknown[] };
}

async function changed(change: (json: Json) => void, config: object = {}, rows?: number) {
  const folder = temporaryFolder();
  const json = JSON.parse(readFileSync(join(pocket('code'), 'tokenizer.json'), 'utf8')) as Json;
  change(json);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(json));
  const own = JSON.parse(readFileSync(join(pocket('code'), 'tokenizer_config.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ ...own, ...config }));
  return readTokenizer(join(folder, 'tokenizer.json'), join(folder, 'tokenizer_config.json'), rows);
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

describe('a token that was added', () => {
  const blanks = { id: 4096, content: '▁▁', special: false };
  const spelled = async (change: (json: Json & { decoder?: unknown }) => void): Promise<string> =>
    text((await changed(change)).bytes(blanks.id));

  it('is spelled as it stands where tokens are bytes, and with blanks where they are SentencePiece', async () => {
    expect(await spelled((json) => json.added_tokens.push(blanks))).toBe('▁▁');
    const ofGemma = {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    };
    expect(
      await spelled((json) => {
        json.added_tokens.push(blanks);
        json.decoder = ofGemma;
      }),
    ).toBe('  ');
    expect(
      await spelled((json) => {
        json.added_tokens.push({ ...blanks, special: true });
        json.decoder = ofGemma;
      }),
    ).toBe('▁▁');
  });
});

describe('the beginning of every text', () => {
  const bos = '<|endoftext|>';
  const template = (...single: object[]) => ({ type: 'TemplateProcessing', single });
  const special = { SpecialToken: { id: bos, type_id: 0 } };
  const sequence = { Sequence: { id: 'A', type_id: 0 } };
  const beginning = async (processor: unknown, config: object = {}) => {
    const tokenizer = await changed(
      (json) => {
        json.post_processor = processor;
      },
      { add_bos_token: null, ...config },
    );
    return tokenizer.beginning.map((id) => new TextDecoder().decode(tokenizer.bytes(id)));
  };

  it('is what the template puts before it, alone or among other steps', async () => {
    expect(await beginning(template(special, sequence))).toEqual([bos]);
    expect(await beginning(template(sequence, special))).toEqual([]);
    const steps = [{ type: 'ByteLevel', trim_offsets: false }, template(special, sequence)];
    expect(await beginning({ type: 'Sequence', processors: steps })).toEqual([bos]);
    expect(await beginning({ type: 'ByteLevel' })).toEqual([]);
    expect(await beginning(null)).toEqual([]);
    expect(await beginning({ type: 'TemplateProcessing', single: 'x' })).toEqual([]);
  });

  it('follows the config where that says more', async () => {
    expect(await beginning(template(special, sequence), { add_bos_token: false })).toEqual([]);
    expect(await beginning(null, { add_bos_token: true, bos_token: bos })).toEqual([bos]);
    expect(await beginning(null, { add_bos_token: true, bos_token: '<none>' })).toEqual([]);
    expect(await beginning(null, { bos_token: bos })).toEqual([]);
  });
});

describe('tokens beyond the rows of a model', () => {
  const withPicture = (json: Json): void => {
    json.added_tokens.push({ id: 4096, content: '<image_soft_token>', special: true });
  };

  it('are none of its tokens: Gemma has one for pictures, and no row for it in the models of text', async () => {
    const tokenizer = await changed(withPicture, {}, 4096);
    expect(tokenizer.size).toBeLessThanOrEqual(4096);
    expect(tokenizer.specialId('<image_soft_token>')).toBeUndefined();
    expect(tokenizer.encodeWithSpecials('<image_soft_token>').every((id) => id < 4096)).toBe(true);
    expect(tokenizer.hash).toBe((await changed(() => {})).hash);
  });

  it('are tokens where the model has as many rows (negative control)', async () => {
    const tokenizer = await changed(withPicture, {}, 4097);
    expect(tokenizer.encodeWithSpecials('<image_soft_token>')).toEqual([4096]);
  });
});

describe('a vocabulary that numbers its tokens by their places (unigram)', () => {
  const pieces = ['<unk>', '</s>', '▁', '<', '/', 's', '>', '</', 's>', '▁x'];
  const unigram = (tokens: readonly string[]) => (json: Json) => {
    const vocab = tokens.map((token, i) => [token, i < 2 ? 0 : -5 - i / 10]);
    Object.assign(json, {
      model: { type: 'Unigram', unk_id: 0, vocab, byte_fallback: false },
      added_tokens: ['<unk>', '</s>'].map((content, id) => ({ id, content, special: true })),
      normalizer: null,
      pre_tokenizer: null,
      decoder: { type: 'Metaspace' },
    });
  };

  it('does not find its special tokens in a text, and keeps the places of the others', async () => {
    const tokenizer = await changed(unigram(pieces), { eos_token: '</s>' });
    expect(tokenizer.encode('</s>')).toEqual([7, 8]);
    expect(tokenizer.encode('▁x')).toEqual([9]);
    expect(tokenizer.encodeWithSpecials('</s>')).toEqual([1]);
    expect(text(tokenizer.bytes(1))).toBe('</s>');
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
