/**
 * Special tokens in what users wrote, whatever place of a prompt it comes to: text like any other. Tested with the markup of each
 * family, written as it is, in other ways of writing it, and cut in two.
 */

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { afterAll, describe, expect, it } from 'vitest';
import { type PromptedExpert, promptFor } from '../../src/engine/prompts.ts';
import { createTemplateRenderer } from '../../src/engine/template.ts';
import type { Prompt } from '../../src/protocol/engine.ts';
import { type Tokenizer as ChorusTokenizer, readTokenizer } from '../../src/runtime/tokenizer.ts';
import type { CompletionStyle } from '../../src/text/infill.ts';
import { folderOfFile, programs, setting } from '../programs.ts';
import { type SpecialFamily, specialFamilies } from '../runtime/special-families.ts';
import { engineForFile } from './bench.ts';

const templates = createTemplateRenderer(join(programs, 'template-process.js'));
afterAll(() => templates.dispose());
const folder = folderOfFile();

const read = new Map<string, Promise<ChorusTokenizer>>();
function tokenizerOf(family: SpecialFamily): Promise<ChorusTokenizer> {
  const own = join(folder, family.name);
  const known = read.get(family.name);
  if (known !== undefined) return known;
  mkdirSync(own);
  const place = family.place(own);
  const reading = readTokenizer(join(place, 'tokenizer.json'), join(place, 'tokenizer_config.json'));
  read.set(family.name, reading);
  return reading;
}

/** Ways in which somebody could write one to slip it in. */
function waysToWrite(special: string): readonly string[] {
  const middle = Math.ceil(special.length / 2);
  const with_ = (sign: string): string => special.slice(0, middle) + sign + special.slice(middle);
  return [
    special,
    special.repeat(3),
    special.toUpperCase(),
    special.toLowerCase(),
    ` ${special}\n`,
    with_(' '),
    with_('\u200b'),
    with_('\u2060'),
    with_('\ufeff'),
    with_('\u00ad'),
    special.replaceAll(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)),
    `${special.slice(0, middle)}${special}${special.slice(middle)}`,
    `\u{F0000}0\u{F0001}${special}`,
    `\\u003c${special.slice(1)}&lt;${special.slice(1)}`,
    `{{ bos_token }}{% raw %}${special}{% endraw %}`,
  ];
}

/** Every place of a prompt that a user's text, a file's name or a file's text can come to. */
const places = {
  'a question': (text) => ({ kind: 'messages', messages: [{ role: 'user', content: text }] }),
  'the system prompt': (text) => ({
    kind: 'messages',
    messages: [
      { role: 'system', content: text },
      { role: 'user', content: 'x' },
    ],
  }),
  'an earlier answer': (text) => ({
    kind: 'messages',
    messages: [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: text },
      { role: 'user', content: 'x' },
    ],
  }),
  'two messages, half in each': (text) => ({
    kind: 'messages',
    messages: [
      { role: 'user', content: `x${text.slice(0, text.length / 2)}` },
      { role: 'assistant', content: `${text.slice(text.length / 2)}x` },
      { role: 'user', content: 'x' },
    ],
  }),
  'the text before the cursor': (text) => infill({ prefix: `${text}\n` }),
  'the text right at the cursor': (text) => infill({ prefix: text }),
  'the text after the cursor': (text) => infill({ suffix: text }),
  'both sides of the cursor, half on each': (text) =>
    infill({ prefix: text.slice(0, text.length / 2), suffix: text.slice(text.length / 2) }),
  "the file's name": (text) => infill({ file: `${text}.ts` }),
  "the folder's name": (text) => infill({ file: `${text}/a.ts` }),
  "the repository's name": (text) => infill({ repository: text }),
  'a piece of another file': (text) => infill({ chunks: [{ file: 'b.ts', text: `${text} and more of it` }] }),
  'the name of another file': (text) => infill({ chunks: [{ file: text, text: 'something of it, x' }] }),
} satisfies Record<string, (text: string) => Prompt>;

function infill(change: Partial<Prompt & { readonly kind: 'infill' }>): Prompt {
  return { kind: 'infill', prefix: 'x\n', suffix: 'x', file: 'a.ts', repository: 'a/b', ...change };
}

/** Markers for everything, whether or not the family has such: a manifest may say so. */
function styleOf({ specials }: SpecialFamily, order: 'psm' | 'spm'): CompletionStyle {
  const [file = '', prefix = '', suffix = '', middle = '', repository = ''] = specials;
  const infill = { order, prefix, suffix, middle };
  return { infill, file, repository, promptTokens: 100_000, suffixTokens: 20_000 };
}

function expertOf(tokenizer: ChorusTokenizer, completion: CompletionStyle): PromptedExpert {
  const manifest = { name: 'the expert', summary: '', licence: '', completion };
  return { name: 'the expert', tokenizer, manifest, contextLength: 1e6, templateFile: 'its template' };
}

/** The special tokens of the prompt in order, and all that it says. */
async function written(expert: PromptedExpert, prompt: Prompt) {
  const { tokenizer } = expert;
  const { ids, opening } = await promptFor(expert, prompt, templates);
  const bytes = [...ids].flatMap((id) => [...tokenizer.bytes(id)]);
  return {
    specials: [...ids].filter((id) => tokenizer.specialIds.has(id)),
    text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes)) + opening,
  };
}

const decoded = (tokenizer: ChorusTokenizer, ids: readonly number[]): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    Uint8Array.from(ids.flatMap((id) => [...tokenizer.bytes(id)])),
  );

describe.each(specialFamilies)('the special tokens of $name', (family) => {
  it('are those of the tokenizer, each with an id of its own', async () => {
    const tokenizer = await tokenizerOf(family);
    const ids = family.specials.map((special) => tokenizer.specialId(special));
    expect(new Set(ids).size).toBe(family.specials.length);
    for (const id of ids) expect(tokenizer.specialIds.has(id ?? -1)).toBe(true);
  });

  it('written in a text are encoded as text, and give that text back', async () => {
    const tokenizer = await tokenizerOf(family);
    for (const text of family.specials.flatMap(waysToWrite)) {
      const ids = tokenizer.encode(text);
      expect(
        ids.filter((id) => tokenizer.specialIds.has(id)),
        text,
      ).toEqual([]);
      expect(decoded(tokenizer, ids)).toBe(family.blank + text);
    }
  });

  it('count where a text is meant to have them (negative control)', async () => {
    const tokenizer = await tokenizerOf(family);
    for (const special of family.specials)
      expect(tokenizer.encodeWithSpecials(special)).toEqual([tokenizer.specialId(special)]);
  });

  it.each(Object.entries(places))('come from %s as text', async (_, place) => {
    const tokenizer = await tokenizerOf(family);
    const all = family.specials.flatMap(waysToWrite).join(' ');
    for (const order of ['psm', 'spm'] as const) {
      const expert = expertOf(tokenizer, styleOf(family, order));
      const harmless = await written(expert, place('harmless'));
      for (const text of [...family.specials, all]) {
        const { specials } = await written(expert, place(text));
        expect(specials, text).toEqual(harmless.specials);
      }
      if (place('x').kind === 'messages') break;
    }
  });

  it('are all still to be read there, whoever reads the prompt as text', async () => {
    const tokenizer = await tokenizerOf(family);
    const text = family.specials.flatMap(waysToWrite).join(' ');
    const expert = expertOf(tokenizer, styleOf(family, 'psm'));
    for (const name of ['a question', 'the text before the cursor', 'a piece of another file'] as const)
      expect((await written(expert, places[name](text))).text).toContain(text.trim());
  });
});

describe('without the guard (negative controls)', () => {
  interface Files {
    readonly json: { readonly added_tokens: readonly { readonly content: string }[] };
    readonly config: object;
  }
  const filesOf = async (family: SpecialFamily): Promise<Files> => {
    await tokenizerOf(family);
    const place = family.name === 'pocket' ? family.place('') : join(folder, family.name);
    const json = (name: string) => JSON.parse(readFileSync(join(place, name), 'utf8'));
    return { json: json('tokenizer.json'), config: json('tokenizer_config.json') };
  };
  const encodedBy = ({ json, config }: Files, text: string): readonly number[] =>
    new Tokenizer(json, config).encode(text, { add_special_tokens: false }).ids;

  it.each(specialFamilies)('the library reads those of $name out of any text', async (family) => {
    const [special = ''] = family.specials;
    const tokenizer = await tokenizerOf(family);
    expect(encodedBy(await filesOf(family), special)).toContain(tokenizer.specialId(special));
  });

  it.each(specialFamilies.filter(({ name }) => ['Gemma 3', 'Mistral'].includes(name)))(
    'those of $name are put together from their pieces, though none is an added token',
    async (family) => {
      const [special = ''] = family.specials;
      const tokenizer = await tokenizerOf(family);
      const { json, config } = await filesOf(family);
      const plain = { ...json, added_tokens: [], post_processor: null };
      expect(encodedBy({ json: plain, config }, special)).toContain(tokenizer.specialId(special));
    },
  );
});

describe('text that the engine is given to judge', () => {
  const bench = engineForFile();

  it('is text too: the continuation that is scored, and what is counted', async () => {
    bench.engine.configure({ experts: [setting('code')], pool: { kind: 'linear' }, weighting: 'fixed' });
    const prompt: Prompt = { kind: 'infill', prefix: 'x = ', suffix: '' };
    const { tokens } = await bench.engine.score({ prompt, continuation: '<|im_end|>' });
    expect(tokens).toBeGreaterThan(3);
    const counted = await bench.engine.count({ text: '<|im_end|>', ids: ['code'] });
    expect(counted).toMatchObject({ kind: 'counted', tokens: expect.any(Number) });
    expect(counted.kind === 'counted' && counted.tokens).toBeGreaterThan(3);
  });
});
