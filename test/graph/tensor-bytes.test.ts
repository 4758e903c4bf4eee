import { describe, expect, it } from 'vitest';
import { tensorBytes } from '../../src/graph/tensor-bytes.ts';

describe('the bytes of a tensor', () => {
  it('are those of its values or blocks', () => {
    expect(tensorBytes('f32', [])).toBe(4);
    expect(tensorBytes('bf16', [3, 5])).toBe(30);
    expect(tensorBytes('q4_0', [2, 64])).toBe(2 * 2 * 18);
    expect(tensorBytes('q6_k', [3, 512])).toBe(3 * 2 * 210);
    expect(tensorBytes('f16', [0, 7])).toBe(0);
  });

  it('are unknown where blocks would cross rows, and where the count is not exact', () => {
    expect(tensorBytes('q4_0', [32, 16])).toBeUndefined();
    expect(tensorBytes('f32', [2 ** 30, 2 ** 30])).toBeUndefined();
    expect(tensorBytes('f32', [2 ** 53 - 1])).toBeUndefined();
    expect(tensorBytes('f32', [-1, -1])).toBeUndefined();
    expect(tensorBytes('f32', [0.5, 2])).toBeUndefined();
    // A later 0 does not excuse an inexact product before it.
    expect(tensorBytes('f32', [2 ** 40, 2 ** 40, 0])).toBeUndefined();
  });
});
