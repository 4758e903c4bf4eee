import { describe, expect, it } from 'vitest';
import { boxedNumber, finalNumber, numberIn, sameNumber } from '../../bench/quality/answers.ts';

describe('the number in a box', () => {
  it.each([
    ['The answer is \\boxed{42}.', 42],
    ['\\boxed{-8}', -8],
    ['\\boxed{−8}', -8],
    ['\\boxed{1,234,567}', 1234567],
    ['\\boxed{12.50}', 12.5],
    ['\\boxed{3/4}', 0.75],
    ['\\boxed{\\frac{3}{4}}', 0.75],
    ['\\boxed{-\\dfrac{1}{8}}', -0.125],
    ['\\boxed{$18}', 18],
    ['\\boxed{\\$18}', 18],
    ['\\boxed{70\\%}', 70],
    ['\\boxed{x = 7}', 7],
    ['\\boxed{12 \\text{ miles}}', 12],
    ['\\boxed{12 miles}', 12],
    ['first \\boxed{1}, then \\boxed{2}', 2],
  ])('reads %s', (text, value) => {
    expect(boxedNumber(text)).toBe(value);
  });

  it.each([
    '42',
    '\\boxed{}',
    '\\boxed{42',
    '\\boxed{yes}',
    '\\boxed{1 or 2}',
    '\\boxed{1,2}',
    '\\boxed{1/0}',
  ])('finds none in %s', (text) => {
    expect(boxedNumber(text)).toBeUndefined();
  });
});

describe('the final number', () => {
  it.each([
    ['She pays 3 * 4 = 12 dollars.', 12],
    ['It costs $1,250.', 1250],
    ['x = -8', -8],
    ['10-3', 3],
    ['so \\boxed{5}, not 6', 5],
    ['0.5 of them', 0.5],
  ])('of %s', (text, value) => {
    expect(finalNumber(text)).toBe(value);
  });

  it('is none where there is no number, or the box holds none', () => {
    expect(finalNumber('none at all')).toBeUndefined();
    expect(finalNumber('12 \\boxed{nothing}')).toBeUndefined();
  });
});

it('compares numbers, not their spelling', () => {
  expect(sameNumber(numberIn('0.1'), numberIn('1/10'))).toBe(true);
  expect(sameNumber(8, -8)).toBe(false);
  expect(sameNumber(undefined, undefined)).toBe(false);
});
