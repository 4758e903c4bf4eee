/** Toy experts for the laws: a table of logits per last token, and a way to run the loop over them. */

import fc from 'fast-check';
import {
  type DecodeEnd,
  type DecodeOptions,
  type Distribution,
  decode,
  type Expert,
  type Pool,
  type Step,
  seededRandom,
  softmaxInto,
} from '../../src/core/index.ts';

export const SIZE = 7;

/** A first-order Markov expert: the logits depend on the last token alone. */
export function markovExpert(
  name: string,
  table: readonly (readonly number[])[],
  contextLength = 64,
): Expert {
  const size = table[0]?.length ?? 0;
  return {
    name,
    vocabularySize: size,
    contextLength,
    logits: async (context, { rows }) => {
      const out = new Float32Array(rows * size);
      for (let r = 0; r < rows; r++) {
        const last = context[context.length - rows + r] ?? 0;
        out.set(table[last] ?? [], r * size);
      }
      return { logits: out };
    },
  };
}

/** The same expert, counting how often it is run. */
export function counted(expert: Expert): { readonly expert: Expert; readonly calls: () => number } {
  let calls = 0;
  return {
    expert: {
      ...expert,
      logits: (context, options) => {
        calls++;
        return expert.logits(context, options);
      },
    },
    calls: () => calls,
  };
}

/** Logits that leave next to nothing to other tokens. */
export function favour(token: number): number[] {
  return Array.from({ length: SIZE }, (_, x) => (x === token ? 30 : 0));
}

/** Logits on a grid that float32 holds exactly and float64 arithmetic tells apart. */
export const logit = fc.integer({ min: -20 * 1024, max: 20 * 1024 }).map((z) => z / 1024);
export const logitRow = fc.array(logit, { minLength: SIZE, maxLength: SIZE });
export const table = fc.array(logitRow, { minLength: SIZE, maxLength: SIZE });
export const weight = fc.double({ min: 0.01, max: 10, noNaN: true });
export const pool: fc.Arbitrary<Pool> = fc.oneof(
  fc.constant<Pool>({ kind: 'linear' }),
  fc.constant<Pool>({ kind: 'geometric' }),
  fc.double({ min: 0.05, max: 1, noNaN: true }).map((exponent): Pool => ({ kind: 'power', exponent })),
);

export function distribution(
  logits: readonly number[],
): Distribution & { readonly probabilities: Float64Array } {
  const row = Float32Array.from(logits);
  const probabilities = new Float64Array(row.length);
  return { logits: row, probabilities, logSumExp: softmaxInto(row, probabilities) };
}

export const greedySampling = { temperature: 0, topK: 0, topP: 1, minP: 0 } as const;

export async function run(
  options: Partial<DecodeOptions> & Pick<DecodeOptions, 'mix'>,
  seed = 1,
): Promise<{ steps: Step[]; tokens: number[]; end: DecodeEnd }> {
  const steps: Step[] = [];
  const loop = decode({
    sampling: greedySampling,
    random: seededRandom(seed),
    stopTokens: new Set(),
    bannedTokens: new Set<number>(),
    maxTokens: 12,
    observe: true,
    ...options,
  });
  for (;;) {
    const { done, value } = await loop.next();
    if (done) return { steps, tokens: steps.map(({ token }) => token), end: value };
    steps.push(value);
  }
}

/** The UTF-8 bytes of each token of a toy vocabulary. */
export function bytesOf(vocabulary: readonly string[]): (token: number) => Uint8Array {
  const bytes = vocabulary.map((text) => new TextEncoder().encode(text));
  return (token) => bytes[token] ?? new Uint8Array(0);
}
