import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distributionOf, type Rows } from '../../src/core/index.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { type LoadedExpert, type OpenExpertOptions, openExpert } from '../../src/runtime/expert.ts';
import { layoutOf } from '../../src/runtime/layout.ts';
import { openKept } from '../kept-experts.ts';
import { cacheFolder, pocket, programs, temporaryFolder } from '../programs.ts';

const workerFile = join(programs, 'worker.js');
const usual: OpenExpertOptions = {
  name: 'code',
  folder: pocket('code'),
  precision: 'q4',
  threads: 1,
  workerFile,
  cacheFolder,
};
const open = (options: Partial<OpenExpertOptions> = {}): Promise<LoadedExpert> =>
  openExpert({ ...usual, ...options });

const row = (answer: Rows | 'cancelled'): number[] => {
  if (answer === 'cancelled') throw new Error('cancelled');
  return [...answer.logits];
};

describe('a layout that was read already', () => {
  it('is not read again; without it the folder is (negative control)', async () => {
    const layout = await layoutOf({ folder: pocket('code'), precision: 'q4', cacheFolder });
    const expert = await open({ folder: '/nowhere', layout });
    expect(expert.precision).toBe('q4');
    await expert.dispose();
    await expect(open({ folder: '/nowhere' })).rejects.toThrow('/nowhere');
  });
});

describe('the softmax of an answer', () => {
  it('is that of its logits, row by row and alone, and only comes with a few rows', async () => {
    const expert = await openKept(usual);
    const text = Int32Array.from({ length: 40 }, (_, i) => (i * 37) % 4000);
    const few = await expert.logits(text, { rows: 5 });
    if (few === 'cancelled') throw new Error('cancelled');
    const last = distributionOf(few, 4, new Float64Array(expert.vocabularySize)).probabilities.slice();
    for (let at = 0; at < 5; at++) {
      const given = distributionOf(few, at, new Float64Array(expert.vocabularySize));
      const computed = distributionOf({ logits: few.logits }, at, new Float64Array(expert.vocabularySize));
      expect(given.probabilities).toBeInstanceOf(Float32Array);
      expect(Math.abs(given.logSumExp - computed.logSumExp)).toBeLessThan(1e-5);
      for (const [x, p] of given.probabilities.entries()) {
        expect(Math.abs(p - (computed.probabilities[x] ?? Number.NaN))).toBeLessThan(1e-6);
      }
    }
    const alone = await expert.logits(text, { rows: 1 });
    if (alone === 'cancelled') throw new Error('cancelled');
    expect(alone.softmax?.probabilities).toEqual(last);
    const many = await expert.logits(text, { rows: 20 });
    if (many === 'cancelled') throw new Error('cancelled');
    expect(many.softmax).toBeUndefined();
    await expert.dispose();
  });
});

describe('the KV cache', () => {
  let warm: LoadedExpert;
  let cold: LoadedExpert;
  beforeAll(async () => {
    [warm, cold] = await Promise.all([openKept(usual), openKept(usual)]);
  });
  afterAll(() => Promise.all([warm.dispose(), cold.dispose()]));

  const text = Int32Array.from({ length: 200 }, (_, i) => (i * 37) % 4000);

  it('gives the logits of an empty cache after going on, going back and branching', async () => {
    const branch = Int32Array.from([...text.slice(0, 90), 7, 8, 9]);
    for (const context of [text, text.slice(0, 150), text.slice(0, 151), branch, text, branch.slice(0, 40)]) {
      const expected = row(await cold.logits(context, { rows: 1 }));
      const actual = row(await warm.logits(context, { rows: 1 }));
      // The cold expert is asked something unrelated in between, so that it starts from nothing each time.
      await cold.logits(Int32Array.of(1), { rows: 1 });
      await cold.logits(Int32Array.of(2), { rows: 1 });
      for (const [x, z] of expected.entries())
        expect(Math.abs(z - (actual[x] ?? Number.NaN))).toBeLessThan(1e-3);
    }
  });

  it('feeds only what is new', async () => {
    await warm.logits(text, { rows: 1 });
    await warm.logits(Int32Array.from([...text, 5]), { rows: 1 });
    expect(warm.reused).toBe(text.length);
    await warm.logits(Int32Array.from([...text.slice(0, 180), 6]), { rows: 1 });
    expect(warm.reused).toBe(180);
  });

  it('keeps two texts apart, so that a completion does not push out a chat', async () => {
    const other = Int32Array.from({ length: 60 }, (_, i) => (i * 91 + 5) % 4000);
    await warm.logits(text, { rows: 1 });
    await warm.logits(other, { rows: 1 });
    await warm.logits(Int32Array.from([...text, 3]), { rows: 1 });
    expect(warm.reused).toBe(text.length);
    await warm.logits(Int32Array.from([...other, 3]), { rows: 1 });
    expect(warm.reused).toBe(other.length);
  });

  it('answers for several rows at once as for each alone', async () => {
    const rows = row(await warm.logits(text, { rows: 3 }));
    for (const back of [2, 1, 0]) {
      const alone = row(await cold.logits(text.slice(0, text.length - back), { rows: 1 }));
      const at = rows.slice((2 - back) * warm.vocabularySize, (3 - back) * warm.vocabularySize);
      for (const [x, z] of alone.entries()) expect(Math.abs(z - (at[x] ?? Number.NaN))).toBeLessThan(1e-3);
    }
  });

  it('scores the same tokens the same way whatever is cached', async () => {
    const all = await cold.score(text, 0);
    await warm.logits(text.slice(0, 100), { rows: 1 });
    const tail = await warm.score(text, 120);
    if (all === 'cancelled' || tail === 'cancelled') throw new Error('cancelled');
    expect(Number.isNaN(all[0])).toBe(true);
    for (const [i, value] of tail.entries())
      expect(Math.abs(value - (all[120 + i] ?? Number.NaN))).toBeLessThan(1e-3);
    const again = await warm.score(text, 50);
    if (again === 'cancelled') throw new Error('cancelled');
    for (const [i, value] of again.entries())
      expect(Math.abs(value - (all[50 + i] ?? Number.NaN))).toBeLessThan(1e-3);
  });
});

describe('cancelling', () => {
  it('stops a long prefill between chunks and leaves a usable expert', async () => {
    const expert = await openKept(usual);
    const long = Int32Array.from({ length: 1000 }, (_, i) => (i * 13) % 4000);
    /** Fed again after a prefill that was ended after so long; machines differ, so the time is sought. */
    const reusedAfter = async (delay: number): Promise<number | 'finished'> => {
      await expert.forget();
      const controller = new AbortController();
      const answer = expert.logits(long, { rows: 1, signal: controller.signal });
      setTimeout(() => controller.abort(), delay);
      if ((await answer) !== 'cancelled') return 'finished';
      expect(await expert.logits(long, { rows: 1, signal: controller.signal })).toBe('cancelled');
      expect(row(await expert.logits(long, { rows: 1 }))).toHaveLength(expert.vocabularySize);
      return expert.reused;
    };
    let reused: number | 'finished' = 0;
    let delay = 20;
    for (let tries = 0; (reused === 0 || reused === 'finished') && tries < 20; tries++) {
      reused = await reusedAfter(delay);
      delay *= reused === 0 ? 1.5 : 0.6;
    }
    expect(reused).toBeGreaterThan(0);
    expect(reused).toBeLessThan(long.length - 1);
    await expert.dispose();
  });
});

describe('what an expert refuses', () => {
  const failure = async (work: Promise<unknown>): Promise<ChorusError['failure']> => {
    const thrown = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(ChorusError);
    return (thrown as ChorusError).failure;
  };
  const copy = (): string => {
    const folder = temporaryFolder();
    cpSync(pocket('code'), folder, { recursive: true, filter: (path) => !path.endsWith('model.onnx') });
    return folder;
  };

  it('a folder that is not there', async () => {
    const { code, message } = await failure(open({ folder: '/nowhere/model' }));
    expect(code).toBe('file-missing');
    expect(message).toContain('/nowhere/model');
  });

  it('a precision that is not there, naming the ones that are', async () => {
    const { code, message, file } = await failure(open({ folder: copy(), precision: 'fp32' }));
    expect(code).toBe('file-missing');
    expect(file).toMatch(/onnx[/\\]model\.onnx$/);
    expect(message).toContain('model_q4.onnx');
  });

  it.each([1, 100, 4096, 1_000_000, 4_384_000])('a graph cut short to %i bytes', async (size) => {
    const folder = copy();
    truncateSync(join(folder, 'onnx', 'model_q4.onnx'), size);
    const { code, message, file } = await failure(open({ folder }));
    expect(code).toBe('model-invalid');
    expect(file).toMatch(/model_q4\.onnx$/);
    expect(message).toMatch(/Download the model again/);
  });

  it('an empty graph', async () => {
    const folder = copy();
    truncateSync(join(folder, 'onnx', 'model_q4.onnx'), 0);
    expect((await failure(open({ folder }))).message).toMatch(/is empty/);
  });

  it('a graph that is text', async () => {
    const folder = copy();
    writeFileSync(join(folder, 'onnx', 'model_q4.onnx'), '<html>Not found</html>');
    expect((await failure(open({ folder }))).code).toBe('model-invalid');
  });

  it.each([
    '',
    '{',
    '[]',
    '{"vocab_size": "many"}',
    '{"vocab_size": 4096, "max_position_embeddings": 2000000000, "num_hidden_layers": 6}',
    '{"vocab_size": 2000000000, "max_position_embeddings": 1024, "num_hidden_layers": 6}',
  ])('a config that is %j', async (text) => {
    const folder = copy();
    writeFileSync(join(folder, 'config.json'), text);
    const { code, message, file } = await failure(open({ folder }));
    expect(code).toBe('config-invalid');
    expect(file).toMatch(/config\.json$/);
    expect(message).toMatch(/again/);
  });

  it('a config for another model', async () => {
    const folder = copy();
    const config = { vocab_size: 4200, max_position_embeddings: 1024, num_hidden_layers: 6 };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    expect((await failure(open({ folder }))).message).toMatch(/logits for 4096 tokens.*4200/);
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ ...config, vocab_size: 4096, num_hidden_layers: 9 }),
    );
    expect((await failure(open({ folder }))).message).toMatch(/past_key_values\.6/);
  });

  it.each(['', '{}', '{"model": {"vocab": {"a": 0}}}', '{"model": {"vocab": {"a": 99999999}}}'])(
    'a tokenizer that is %j',
    async (text) => {
      const folder = copy();
      writeFileSync(join(folder, 'tokenizer.json'), text);
      const { code, file } = await failure(open({ folder }));
      expect(['config-invalid', 'tokenizer-invalid']).toContain(code);
      expect(file).toMatch(/tokenizer\.json$/);
    },
  );

  it('a manifest with a field nobody knows', async () => {
    const folder = copy();
    writeFileSync(join(folder, 'chorus.json'), '{"name": "x", "colour": "red"}');
    expect((await failure(open({ folder }))).message).toMatch(/chorus\.json.*colour/s);
  });

  it('a file of JSON that is far too large, or no file', async () => {
    const folder = copy();
    writeFileSync(join(folder, 'config.json'), `{}${' '.repeat(5 * 1024 * 1024)}`);
    expect((await failure(open({ folder }))).message).toMatch(/more than the 4194304/);
    rmSync(join(folder, 'config.json'));
    mkdirSync(join(folder, 'config.json'));
    expect((await failure(open({ folder }))).message).toMatch(/is not a file/);
  });

  it('a tokenizer of far fewer tokens than the model has', async () => {
    const folder = copy();
    const json = tokenizerJson();
    const vocab = Object.fromEntries(Object.entries(json.model.vocab).filter(([, id]) => id < 2000));
    writeFileSync(
      join(folder, 'tokenizer.json'),
      JSON.stringify({ ...json, added_tokens: [], model: { ...json.model, vocab, merges: [] } }),
    );
    const { code, message } = await failure(open({ folder }));
    expect(code).toBe('tokenizer-invalid');
    expect(message).toMatch(/2000 tokens, the model 4096: it belongs to another model/);
  });

  it('a graph named outside its folder', async () => {
    const folder = copy();
    copyFileSync(join(pocket('code'), 'genai_config.json'), join(folder, 'genai_config.json'));
    const genai = JSON.parse(readFileSync(join(folder, 'genai_config.json'), 'utf8'));
    genai.model.decoder.filename = '../../../etc/passwd';
    writeFileSync(join(folder, 'genai_config.json'), JSON.stringify(genai));
    rmSync(join(folder, 'onnx'), { recursive: true });
    expect((await failure(open({ folder, precision: 'auto' }))).message).toMatch(/outside the folder/);
  });

  it('a context longer than the model reads', async () => {
    const expert = await openKept(usual);
    const { code } = await failure(expert.logits(new Int32Array(2000), { rows: 1 }));
    expect(code).toBe('context-full');
    await expert.dispose();
  });
});

interface TokenizerJson {
  readonly added_tokens: readonly {
    readonly id: number;
    readonly content: string;
    readonly special: boolean;
  }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly unknown[] };
}

const tokenizerJson = (): TokenizerJson =>
  JSON.parse(readFileSync(join(pocket('code'), 'tokenizer.json'), 'utf8')) as TokenizerJson;

describe('a model with fewer tokens than rows of logits', () => {
  it('has its padding rows cut off, in every row', async () => {
    const folder = temporaryFolder();
    cpSync(pocket('code'), folder, { recursive: true, filter: (path) => !path.endsWith('model.onnx') });
    const json = tokenizerJson();
    writeFileSync(
      join(folder, 'tokenizer.json'),
      JSON.stringify({ ...json, added_tokens: json.added_tokens.slice(0, -1) }),
    );
    const [padded, whole] = await Promise.all([open({ folder }), openKept(usual)]);
    const context = Int32Array.of(1, 2, 3, 4);
    const [cut, all] = [
      row(await padded.logits(context, { rows: 2 })),
      row(await whole.logits(context, { rows: 2 })),
    ];
    expect(padded.vocabularySize).toBe(4095);
    expect(cut).toEqual([...all.slice(0, 4095), ...all.slice(4096, 4096 + 4095)]);
    await Promise.all([padded.dispose(), whole.dispose()]);
  });
});

describe('end tokens', () => {
  it('come from config.json and from the usual names', async () => {
    const folder = temporaryFolder();
    cpSync(pocket('code'), folder, { recursive: true, filter: (path) => !path.endsWith('model.onnx') });
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, eos_token_id: [13] }));
    const expert = await open({ folder });
    expect([...expert.endTokens].sort((a, b) => a - b)).toEqual([13, 4087, 4089]);
    await expert.dispose();
  });
});

describe('the onnxruntime-genai layout alone', () => {
  it('loads and gives the same logits', async () => {
    const folder = temporaryFolder();
    for (const name of ['genai_config.json', 'tokenizer.json', 'tokenizer_config.json']) {
      copyFileSync(join(pocket('code'), name), join(folder, name));
    }
    copyFileSync(join(pocket('code'), 'onnx', 'model_q4.onnx'), join(folder, 'decoder.onnx'));
    const genai = JSON.parse(readFileSync(join(folder, 'genai_config.json'), 'utf8'));
    genai.model.decoder.filename = 'decoder.onnx';
    writeFileSync(join(folder, 'genai_config.json'), JSON.stringify(genai));
    const [genaiExpert, usual] = await Promise.all([open({ folder, precision: 'auto' }), open()]);
    const context = Int32Array.of(1, 2, 3, 4);
    expect(row(await genaiExpert.logits(context, { rows: 1 }))).toEqual(
      row(await usual.logits(context, { rows: 1 })),
    );
    expect(genaiExpert.endTokens).toEqual(usual.endTokens);
    await Promise.all([genaiExpert.dispose(), usual.dispose()]);
  });
});
