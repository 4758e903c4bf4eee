import { describe, expect, test } from 'vitest';
import { bestRegion } from '../../src/text/best-region.ts';

const file = `import { a } from './a.ts';

export function add(x: number, y: number): number {
  return x + y;
}

export function subtract(x: number, y: number): number {
  return x + y;
}

export function multiply(x: number, y: number): number {
  return x * y;
}`.split('\n');

describe('a block belongs', () => {
  test('to the function that it is a new version of, whole', () => {
    const block = [
      'export function subtract(x: number, y: number): number {',
      '  // The difference.',
      '  return x - y;',
      '}',
    ];
    expect(bestRegion(file, block)).toEqual({ from: 6, to: 9 });
  });

  test('to all of the file where it is all of it', () => {
    expect(bestRegion(file, file)).toEqual({ from: 0, to: file.length });
  });

  test('nowhere where the file has nothing like it: brackets alone do not count', () => {
    const block = ['class Stack {', '  push(item: unknown) {', '    this.items.push(item);', '  }', '}'];
    expect(bestRegion(file, block)).toBeUndefined();
    expect(bestRegion(['{', '}', '{', '}'], block)).toBeUndefined();
  });

  test('nowhere in an empty file, and an empty block nowhere', () => {
    expect(bestRegion([''], ['const a = 1;'])).toBeUndefined();
    expect(bestRegion(file, [''])).toBeUndefined();
    expect(bestRegion(file, [])).toBeUndefined();
  });

  test('nowhere where comparing would be felt', () => {
    const long = Array.from({ length: 5000 }, (_, i) => `const a${i} = ${i};`);
    expect(bestRegion(long, long)).toBeUndefined();
    expect(bestRegion(long, long.slice(4000, 4010))).toEqual({ from: 4000, to: 4010 });
  });
});
