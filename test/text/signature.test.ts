import { describe, expect, it } from 'vitest';
import { importedNames, signatureAt } from '../../src/text/signature.ts';

const namesIn = (text: string): string[] => importedNames(text.split('\n')).map(({ name }) => name);

describe('the names that a file imports', () => {
  it.each([
    ["import { readFile, type Stats as S } from 'node:fs';", ['readFile', 'Stats', 'S']],
    ["import * as path from 'path';\nimport fs from 'fs';", ['path', 'fs']],
    ["import {\n  one,\n  two,\n} from './three.ts';\nconst four = 4;", ['one', 'two']],
    ['from os.path import join, dirname\nimport json', ['join', 'dirname', 'json']],
    ['from a import (\n    b,\n    c,\n)\nd = 1', ['b', 'c']],
    ["const { a } = require('b');", ['a']],
    ['const imported = 1;\nreturn from_here;', []],
    ["export const a = 1;\n// import { b } from 'c'", []],
  ])('of %j are %j', (text, names) => {
    expect(namesIn(text)).toEqual(names);
  });

  it('have their places', () => {
    expect(importedNames(["import { a, bc } from 'x'"])).toEqual([
      { name: 'a', line: 0, character: 9 },
      { name: 'bc', line: 0, character: 12 },
    ]);
  });
});

describe('a signature', () => {
  const of = (text: string): string => signatureAt(text.split('\n'), 0);
  it.each([
    [
      'export function add(a: number, b: number): number {\n  return a + b;\n}',
      'export function add(a: number, b: number): number;',
    ],
    [
      'export async function read(\n  file: string,\n): Promise<string> {\n  return file;\n}',
      'export async function read(\n  file: string,\n): Promise<string>;',
    ],
    ['def area(width, height):\n    return width * height', 'def area(width, height):'],
    [
      'export interface Point {\n  x: number;\n  y: number;\n}\nconst a = 1;',
      'export interface Point {\n  x: number;\n  y: number;\n}',
    ],
    ['export type Id = string;\nconst b = 2;', 'export type Id = string;'],
    ['export const limit = 5;\nlet c = 3;', 'export const limit = 5;'],
    ['export const double = (a: number) =>\n  2 * a;', 'export const double = (a: number) =>'],
  ])('of %j is %j', (text, signature) => {
    expect(of(text)).toBe(signature);
  });

  it('of a long shape is cut', () => {
    const long = `interface A {\n${'  a: number;\n'.repeat(40)}}`;
    expect(of(long).split('\n')).toHaveLength(14);
  });
});
