import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bits } from '../../src/graph/block.ts';
import { dequantize, type QuantizeMethod, quantize } from '../../src/graph/quantize.ts';
import { matMulGraph } from './mat-mul-graph.ts';

const widths = [4, 8] as const satisfies readonly Bits[];
const methods = ['symmetric', 'asymmetric', 'k-quant'] as const satisfies readonly QuantizeMethod[];
const cases = widths.flatMap((bits) => methods.map((method) => ({ bits, method })));

/** Blocks as weights have them, and as they do not: of one sign, with an outlier, tiny, constant, zero. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.float({ min: -1, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.float({ min: -50, max: 50, noNaN: true }) },
);
const block = fc
  .tuple(
    fc.array(value, { minLength: 32, maxLength: 32 }),
    fc.constantFrom(1, 1e-6, 1e6),
    fc.constantFrom('any', 'positive', 'negative'),
  )
  .map(([values, size, sign]) =>
    Float32Array.from(
      values,
      (x) => size * (sign === 'any' ? x : sign === 'positive' ? Math.abs(x) : -Math.abs(x)),
    ),
  );

function quantized(weights: Float32Array, bits: Bits, method: QuantizeMethod) {
  const matrix = quantize(weights, { rows: 1, columns: weights.length, bits, method });
  return { ...matrix, values: dequantize(matrix) };
}

const positiveZeros = (values: Float32Array): Float32Array => values.map((x) => x + 0);

/** The error that k-quant makes least, in float64 from what float32 holds. */
function weightedError(weights: Float32Array, { values }: { values: Float32Array }): number {
  const mean = Math.sqrt(weights.reduce((sum, x) => sum + x * x, 0) / 32);
  return weights.reduce((sum, x, i) => sum + (mean + Math.abs(x)) * ((values[i] as number) - x) ** 2, 0);
}

describe.each(widths)('weights in %d bits', (bits) => {
  it.each(['symmetric', 'asymmetric'] as const)(
    'rounded to nearest (%s) miss by half a step at most',
    (method) => {
      fc.assert(
        fc.property(block, (weights) => {
          const { values, scales } = quantized(weights, bits, method);
          const half = Math.abs(scales[0] as number) / 2;
          weights.forEach((x, i) => {
            expect(Math.abs((values[i] as number) - x)).toBeLessThanOrEqual(half * (1 + 1e-4) + 1e-45);
          });
        }),
      );
    },
  );

  it('have steps no wider than the range needs', () => {
    fc.assert(
      fc.property(block, (weights) => {
        const [least, greatest] = [Math.min(0, ...weights), Math.max(0, ...weights)];
        const asymmetric = quantized(weights, bits, 'asymmetric').scales[0] as number;
        const wanted = Math.fround((greatest - least) / (2 ** bits - 1));
        expect(asymmetric).toBe(wanted);
        const symmetric = Math.abs(quantized(weights, bits, 'symmetric').scales[0] as number);
        expect(symmetric).toBeLessThanOrEqual(
          (Math.max(-least, greatest) / (2 ** (bits - 1) - 0.5)) * (1 + 1e-6),
        );
      }),
    );
  });

  it('searched for (k-quant) miss by no more than rounded to nearest, under its weights', () => {
    fc.assert(
      fc.property(block, (weights) => {
        const nearest = weightedError(weights, quantized(weights, bits, 'asymmetric'));
        const searched = weightedError(weights, quantized(weights, bits, 'k-quant'));
        const size = weights.reduce((sum, x) => sum + Math.abs(x) ** 3, 0);
        expect(searched).toBeLessThanOrEqual(nearest + size * 1e-6 * 2 ** -bits);
      }),
    );
  });

  it('searched for miss by a tenth less, in squares, where they are spread as those of a network', () => {
    let state = 1;
    const uniform = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    let nearest = 0;
    let searched = 0;
    for (let i = 0; i < 200; i++) {
      const weights = Float32Array.from({ length: 32 }, () => uniform() + uniform() + uniform() - 1.5);
      nearest += weightedError(weights, quantized(weights, bits, 'asymmetric'));
      searched += weightedError(weights, quantized(weights, bits, 'k-quant'));
    }
    expect(searched).toBeLessThan(0.9 * nearest);
  });

  it('are exact where they lie on the grid', () => {
    const highest = 2 ** bits - 1;
    const grid = fc.record({
      codes: fc.array(fc.integer({ min: 0, max: highest }), { minLength: 30, maxLength: 30 }),
      zeroPoint: fc.integer({ min: 0, max: highest }),
      // So few bits that float32 holds every product with a code.
      step: fc.integer({ min: 1, max: 2047 }).map((x) => x / 1024),
    });
    fc.assert(
      fc.property(grid, ({ codes, zeroPoint, step }) => {
        const weights = Float32Array.from([0, ...codes, highest], (code) => step * (code - zeroPoint));
        for (const method of ['asymmetric', 'k-quant'] as const) {
          expect(positiveZeros(quantized(weights, bits, method).values)).toEqual(positiveZeros(weights));
        }
        const middle = 2 ** (bits - 1);
        for (const side of [step, -step]) {
          const signed = Float32Array.from([0, ...codes, highest], (code) => side * (code - middle));
          expect(positiveZeros(quantized(signed, bits, 'symmetric').values)).toEqual(positiveZeros(signed));
        }
      }),
    );
  });
});

describe('quantised weights', () => {
  it('are packed with the earlier code in the lower bits, row by row, zero points on bytes of their own', () => {
    // Two rows of 70: three blocks each, the last of six values.
    const weights = Float32Array.from({ length: 140 }, (_, i) => ((i % 70) % 32) - (i < 70 ? 0 : 15));
    const matrix = quantize(weights, { rows: 2, columns: 70, bits: 8, method: 'asymmetric' });
    expect(matrix.packed).toHaveLength(2 * 3 * 32);
    expect([...matrix.scales]).toEqual([31, 31, 5, 31, 31, 15].map((range) => Math.fround(range / 255)));
    expect([...(matrix.zeroPoints ?? [])]).toEqual([0, 0, 0, 123, 123, 255]);
    expect([...matrix.packed.subarray(0, 3)]).toEqual([0, 8, 16]);
    expect([...matrix.packed.subarray(64, 72)]).toEqual([0, 51, 102, 153, 204, 255, 0, 0]);

    const ramp = Float32Array.from({ length: 140 }, (_, i) => ((i % 70) % 16) - (i < 70 ? 0 : 3));
    const four = quantize(ramp, { rows: 2, columns: 70, bits: 4, method: 'asymmetric' });
    expect([...four.packed.subarray(0, 8)]).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]);
    // The third block holds -3 to 2 in steps of a third; rows begin on a byte.
    expect([...(four.zeroPoints ?? [])]).toEqual([0x00, 0x00, 0x33, 0x09]);
    expect([...four.packed.subarray(5 * 16, 6 * 16)]).toEqual([
      0x30,
      0x96,
      0xfc,
      ...new Array(13).fill(0x99),
    ]);
  });

  it.each(cases)(
    'of $method in $bits bits stand for zeros where the matrix or a whole block is zero',
    ({ bits, method }) => {
      const weights = new Float32Array(3 * 40);
      weights.fill(0.5, 40, 80);
      const matrix = quantize(weights, { rows: 3, columns: 40, bits, method });
      const values = dequantize(matrix);
      expect(values.subarray(0, 40)).toEqual(new Float32Array(40));
      expect(values.subarray(80)).toEqual(new Float32Array(40));
      values.subarray(40, 80).forEach((value) => {
        expect(value).toBeCloseTo(0.5, 1);
      });
      expect(matrix.zeroPoints === undefined).toBe(method === 'symmetric');
    },
  );

  it.each(cases)('of $method in $bits bits stay finite beside values that are not', ({ bits, method }) => {
    const weights = new Float32Array(32).fill(1);
    weights.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38]);
    const { values, scales } = quantized(weights, bits, method);
    expect(Number.isFinite(scales[0])).toBe(true);
    expect([...values.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(values.every((value) => Number.isFinite(value))).toBe(true);
  });

  it.each(cases)(
    'of $method in $bits bits multiply in ONNX Runtime as they are dequantised here',
    async ({ bits, method }) => {
      process.env.ORT_DISABLE_TELEMETRY = '1';
      const { InferenceSession, Tensor } = await import('onnxruntime-node');
      // Neither a whole number of blocks nor an even one.
      const [rows, columns, batch] = [5, 80, 2];
      const wave = (length: number, pace: number): Float32Array =>
        Float32Array.from({ length }, (_, i) => Math.sin(i * pace) * (1 + (i % 7)) + 0.5);
      const matrix = quantize(wave(rows * columns, 1.7), { rows, columns, bits, method });
      const input = wave(batch * columns, 0.9);
      const session = await InferenceSession.create(matMulGraph(matrix, batch));
      const output = (await session.run({ x: new Tensor('float32', input, [batch, columns]) })).y;
      await session.release();
      const values = dequantize(matrix);
      for (let b = 0; b < batch; b++) {
        for (let row = 0; row < rows; row++) {
          let expected = 0;
          for (let k = 0; k < columns; k++) {
            expected += (input[b * columns + k] as number) * (values[row * columns + k] as number);
          }
          expect(output?.data[b * rows + row]).toBeCloseTo(expected, 2);
        }
      }
    },
  );
});
