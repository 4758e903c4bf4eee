import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { electInto, rebuild, type ScaleSums, scaleOf } from '../../src/merge/emr.ts';
import { linearInto } from '../../src/merge/linear.ts';
import { randomFor } from '../../src/merge/random.ts';
import { slerpInto } from '../../src/merge/slerp.ts';
import { dropAtRandom, trimSmallest } from '../../src/merge/sparsify.ts';
import { addTasksInto, type TaskSettings } from '../../src/merge/task-vectors.ts';
import { distance, norm, tensor, tensorOf, tensors } from './toy-tensors.ts';

const weight = fc.double({ min: 0.05, max: 2, noNaN: true });
const near = 1e-5;

function linear(values: readonly Float32Array[], weights: readonly number[], normalize = true): Float32Array {
  const out = new Float32Array(values[0]?.length ?? 0);
  linearInto(values, { weights, normalize }, out);
  return out;
}

describe('linear', () => {
  it('of equal models is that model, whatever the weights', () => {
    fc.assert(
      fc.property(tensor, fc.array(weight, { minLength: 1, maxLength: 4 }), (one, weights) => {
        const out = linear(
          weights.map(() => one),
          weights,
        );
        expect(distance(out, one)).toBeLessThan(near);
      }),
    );
  });

  it('counts only the ratios of weights when they are normalised, and their size when they are not', () => {
    fc.assert(
      fc.property(tensors(2, 2), weight, weight, ([a, b], x, y) => {
        const pair = [a, b] as Float32Array[];
        expect(distance(linear(pair, [x, y]), linear(pair, [3 * x, 3 * y]))).toBeLessThan(near);
        const tripled = linear(pair, [3 * x, 3 * y], false);
        expect(
          distance(
            tripled,
            linear(pair, [x, y], false).map((value) => 3 * value),
          ),
        ).toBeLessThan(10 * near);
      }),
    );
    expect(distance(linear([Float32Array.of(1)], [2], false), Float32Array.of(1))).toBe(1);
  });

  it('may write into one of its tensors', () => {
    fc.assert(
      fc.property(tensors(3, 3), (values) => {
        const apart = linear(values, [1, 2, 3]);
        const [first] = values as [Float32Array];
        linearInto(values, { weights: [1, 2, 3], normalize: true }, first);
        expect(first).toEqual(apart);
      }),
    );
  });
});

function slerp(a: Float32Array, b: Float32Array, t: number): Float32Array {
  const out = new Float32Array(a.length);
  slerpInto(a, b, t, out);
  return out;
}

const unit = fc
  .tuple(fc.integer({ min: 2, max: 30 }).chain(tensorOf), fc.nat(1))
  .filter(([values]) => norm(values) > 0.1)
  .map(([values]) => values.map((value) => value / norm(values)));

const units = fc
  .integer({ min: 2, max: 30 })
  .chain((length) => fc.tuple(tensorOf(length), tensorOf(length)))
  .filter(([a, b]) => norm(a) > 0.1 && norm(b) > 0.1)
  .map(([a, b]) => [a.map((x) => x / norm(a)), b.map((x) => x / norm(b))] as const)
  .filter(([a, b]) => Math.abs(a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)) < 0.99);

describe('slerp', () => {
  it('ends at the two models', () => {
    fc.assert(
      fc.property(tensors(2, 2), ([a, b]) => {
        const [first, second] = [a, b] as [Float32Array, Float32Array];
        expect(distance(slerp(first, second, 0), first)).toBeLessThan(near);
        expect(distance(slerp(first, second, 1), second)).toBeLessThan(near);
      }),
    );
  });

  it('stays on the sphere, and its middle is as far from both; the straight line leaves it', () => {
    fc.assert(
      fc.property(units, fc.double({ min: 0, max: 1, noNaN: true }), ([a, b], t) => {
        expect(Math.abs(norm(slerp(a, b, t)) - 1)).toBeLessThan(near);
        const middle = slerp(a, b, 0.5);
        const cosine = (other: Float32Array): number =>
          middle.reduce((sum, x, i) => sum + x * (other[i] ?? 0), 0);
        expect(Math.abs(cosine(a) - cosine(b))).toBeLessThan(near);
        expect(norm(linear([a, b], [0.5, 0.5]))).toBeLessThan(0.999);
      }),
    );
  });

  it('takes the straight line between parallel models, and of one model gives it back', () => {
    fc.assert(
      fc.property(unit, fc.double({ min: 0, max: 1, noNaN: true }), (one, t) => {
        expect(distance(slerp(one, one, t), one)).toBeLessThan(near);
        expect(
          distance(
            slerp(
              one,
              one.map((x) => 2 * x),
              t,
            ),
            one.map((x) => (1 + t) * x),
          ),
        ).toBeLessThan(near);
      }),
    );
  });

  it('does not fail on zeros', () => {
    const zeros = new Float32Array(3);
    expect(slerp(zeros, zeros, 0.3)).toEqual(zeros);
    expect(slerp(zeros, Float32Array.of(0, 1, 0), 0.5).every(Number.isFinite)).toBe(true);
  });
});

const kept = (values: Float32Array): number => values.filter((value) => value !== 0).length;

describe('trimming the smallest', () => {
  it('keeps exactly the share that is asked for, and nothing smaller than what it drops', () => {
    fc.assert(
      fc.property(tensor, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, density) => {
        const full = values.map((value) => (value === 0 ? 1 / 512 : value));
        const trimmed = full.slice();
        trimSmallest(trimmed, density);
        expect(kept(trimmed)).toBe(density >= 1 ? full.length : Math.floor(density * full.length));
        const sizes = (from: (i: number) => boolean): number[] =>
          [...full].map(Math.abs).filter((_, i) => from(i));
        const dropped = sizes((i) => trimmed[i] === 0);
        const stayed = sizes((i) => trimmed[i] !== 0);
        expect(Math.max(0, ...dropped)).toBeLessThanOrEqual(Math.min(Number.POSITIVE_INFINITY, ...stayed));
      }),
    );
  });

  it('keeps the first of equals', () => {
    const values = Float32Array.of(1, -1, 1, -1, 2);
    trimSmallest(values, 0.6);
    expect([...values]).toEqual([1, -1, 0, 0, 2]);
  });
});

function drop(values: Float32Array, density: number, parts: readonly (string | number)[], rescale = true) {
  const out = values.slice();
  dropAtRandom(out, { density, rescale, random: randomFor(...parts) });
  return out;
}

describe('dropping at random', () => {
  const ones = new Float32Array(20_000).fill(1);

  it('keeps the expectation with rescaling, and loses it without', () => {
    for (const density of [0.2, 0.5, 0.9]) {
      const deviation = Math.sqrt((1 - density) / density / ones.length);
      const mean = (rescale: boolean): number =>
        drop(ones, density, [7], rescale).reduce((sum, value) => sum + value, 0) / ones.length;
      expect(Math.abs(mean(true) - 1)).toBeLessThan(5 * deviation);
      expect(Math.abs(mean(false) - 1)).toBeGreaterThan(5 * deviation);
    }
  });

  it('depends on the seed, the model and the tensor, and on nothing else', () => {
    const parts = [1, 0, 'model.norm.weight'];
    const one = drop(ones, 0.5, parts);
    expect(drop(ones, 0.5, parts)).toEqual(one);
    for (const other of [
      [2, 0, 'model.norm.weight'],
      [1, 1, 'model.norm.weight'],
      [1, 0, 'model.norm'],
    ]) {
      const two = drop(ones, 0.5, other);
      const same = one.filter((value, i) => (value === 0) === (two[i] === 0));
      // As often alike as two coins.
      expect(Math.abs(same.length / ones.length - 0.5)).toBeLessThan(0.03);
    }
  });

  it('leaves all of it with a density of 1', () => {
    expect(drop(ones, 1, [1])).toEqual(ones);
  });
});

const plain: TaskSettings = { weights: [1], electSigns: false, normalize: false, scale: 1 };

function tasks(base: Float32Array, vectors: readonly Float32Array[], settings: TaskSettings): Float32Array {
  const out = new Float32Array(base.length);
  addTasksInto(base, vectors, settings, out);
  return out;
}

describe('task vectors', () => {
  it('of one task with weight 1 give the model, with weight 0 the base', () => {
    fc.assert(
      fc.property(tensors(2, 2), fc.boolean(), ([base, task], electSigns) => {
        const [b, t] = [base, task] as [Float32Array, Float32Array];
        const model = b.map((value, i) => value + (t[i] ?? 0));
        expect(distance(tasks(b, [t], { ...plain, electSigns }), model)).toBeLessThan(near);
        expect(distance(tasks(b, [t], { ...plain, electSigns, weights: [0] }), b)).toBe(0);
      }),
    );
  });

  it('add up, and are scaled by lambda', () => {
    fc.assert(
      fc.property(tensors(3, 3), weight, weight, weight, ([base, s, t], x, y, scale) => {
        const [b, first, second] = [base, s, t] as [Float32Array, Float32Array, Float32Array];
        const out = tasks(b, [first, second], { ...plain, weights: [x, y], scale });
        const wanted = b.map((value, i) => value + scale * (x * (first[i] ?? 0) + y * (second[i] ?? 0)));
        expect(distance(out, wanted)).toBeLessThan(10 * near);
      }),
    );
  });

  it('with elected signs move every entry to the side of the larger sum, by those alone that are on it', () => {
    fc.assert(
      fc.property(
        tensors(4, 4),
        fc.array(weight, { minLength: 3, maxLength: 3 }),
        fc.boolean(),
        (all, weights, normalize) => {
          const [base, ...vectors] = all as [Float32Array, ...Float32Array[]];
          const zeros = new Float32Array(base.length);
          const moved = tasks(zeros, vectors, { weights, electSigns: true, normalize, scale: 1 });
          for (const [i, value] of moved.entries()) {
            const parts = vectors.map((vector, v) => (weights[v] ?? 0) * (vector[i] ?? 0));
            const total = parts.reduce((sum, part) => sum + part, 0);
            const side = total >= 0 ? 1 : -1;
            const agreeing = parts.flatMap((part, v) => (part * side > 0 ? [v] : []));
            const sum = agreeing.reduce((s, v) => s + (parts[v] ?? 0), 0);
            const of = agreeing.reduce((s, v) => s + (weights[v] ?? 0), 0);
            expect(Math.abs(value - (normalize && of > 0 ? sum / of : sum))).toBeLessThan(near);
            if (value !== 0) expect(Math.sign(value)).toBe(side);
          }
        },
      ),
    );
    // Without the election the smaller one pulls the other way.
    const apart = [Float32Array.of(3), Float32Array.of(-1)];
    const settings = { ...plain, weights: [1, 1] };
    expect(tasks(Float32Array.of(0), apart, { ...settings, electSigns: true })[0]).toBe(3);
    expect(tasks(Float32Array.of(0), apart, settings)[0]).toBe(2);
  });
});

function emr(vectors: readonly Float32Array[]) {
  const length = vectors[0]?.length ?? 0;
  const sums = vectors.map((): ScaleSums => ({ own: 0, kept: 0 }));
  const elected = new Float32Array(length);
  const { masks } = electInto(vectors, sums, elected);
  const rebuilt = masks.map((mask, t) => {
    const out = elected.slice();
    rebuild(out, elected, { mask, scale: scaleOf(sums[t] as ScaleSums) });
    return out;
  });
  return { elected, masks, sums, rebuilt };
}

const l1 = (values: Float32Array): number => values.reduce((sum, value) => sum + Math.abs(value), 0);
const bit = (mask: Uint8Array | undefined, i: number): boolean =>
  (((mask?.[i >> 3] ?? 0) >> (i & 7)) & 1) === 1;

describe('EMR', () => {
  it('rebuilds a single expert exactly', () => {
    fc.assert(
      fc.property(tensor, (vector) => {
        expect(distance(emr([vector]).rebuilt[0] ?? vector, vector)).toBeLessThan(near);
      }),
    );
  });

  it('elects the sign of the sum and the largest magnitude on that side', () => {
    fc.assert(
      fc.property(tensors(1, 4), (vectors) => {
        const { elected } = emr(vectors);
        for (const [i, value] of elected.entries()) {
          const entries = vectors.map((vector) => vector[i] ?? 0);
          const sign = entries.reduce((sum, x) => sum + x, 0) < 0 ? -1 : 1;
          expect(value).toBe(sign * Math.max(0, ...entries.map((x) => sign * x)) + 0);
        }
      }),
    );
  });

  it('lets through exactly the entries whose sign was elected, and rebuilds none with another sign', () => {
    fc.assert(
      fc.property(tensors(2, 4), (vectors) => {
        const { elected, masks, rebuilt } = emr(vectors);
        for (const [t, vector] of vectors.entries()) {
          for (const [i, value] of vector.entries()) {
            expect(bit(masks[t], i)).toBe(value * (elected[i] ?? 0) > 0);
            const again = rebuilt[t]?.[i] ?? Number.NaN;
            if (bit(masks[t], i)) expect(Math.sign(again)).toBe(Math.sign(value));
            else expect(Math.abs(again)).toBe(0);
          }
        }
      }),
    );
  });

  it('gives every expert its own size back, and none as it is farther than the elected vector alone', () => {
    fc.assert(
      fc.property(tensors(2, 4), (vectors) => {
        const { elected, masks, sums, rebuilt } = emr(vectors);
        for (const [t, vector] of vectors.entries()) {
          if ((sums[t]?.kept ?? 0) > 0) {
            expect(Math.abs(l1(rebuilt[t] ?? vector) / l1(vector) - 1)).toBeLessThan(1e-4);
          }
          const gap = (other: Float32Array): number =>
            norm(vector.map((value, i) => value - (other[i] ?? 0)));
          const masked = elected.map((value, i) => (bit(masks[t], i) ? value : 0));
          expect(gap(masked)).toBeLessThanOrEqual(gap(elected) + near);
        }
      }),
    );
  });

  it('is not what it is without the mask or the scale', () => {
    const { elected, rebuilt } = emr([Float32Array.of(1, 1, 4), Float32Array.of(3, -2, 1)]);
    expect([...elected]).toEqual([3, -2, 4]);
    expect([...(rebuilt[0] ?? [])].map((value) => Math.round(value * 1000) / 1000)).toEqual([
      2.571, 0, 3.429,
    ]);
  });
});
