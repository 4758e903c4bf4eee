import { describe, expect, test } from 'vitest';
import { languageOf } from '../../src/extension/fence-language.ts';
import { proposedChange, type Selected } from '../../src/extension/proposed-change.ts';

const file = `class Point {
  length() {
    return this.x + this.y;
  }

  negate() {
    return new Point(-this.x, -this.y);
  }
}
`;

function proposedText(text: string, selected: Selected, block: string) {
  const { from, to, text: written, place } = proposedChange(text, selected, block);
  return { text: text.slice(0, from) + written + text.slice(to), place };
}

const at = (part: string) => ({ from: file.indexOf(part), to: file.indexOf(part) + part.length });
const cursor = (offset: number) => ({ from: offset, to: offset });

describe('a block', () => {
  const block = 'length() {\n  return Math.hypot(this.x, this.y);\n}\n';
  const wanted = file.replace('return this.x + this.y;', 'return Math.hypot(this.x, this.y);');

  test('takes the place of the selection, with its indentation', () => {
    for (const part of [
      'length() {\n    return this.x + this.y;\n  }',
      '  length() {\n    return this.x + this.y;\n  }\n',
    ]) {
      expect(proposedText(file, at(part), block)).toEqual({ text: wanted, place: 'selection' });
    }
  });

  test('takes the place of an expression inside a line', () => {
    const { text } = proposedText(file, at('this.x + this.y'), 'Math.hypot(this.x, this.y)\n');
    expect(text).toBe(wanted);
  });

  test('takes the place of what it is most like where nothing is selected', () => {
    expect(proposedText(file, cursor(0), block)).toEqual({ text: wanted, place: 'region' });
  });

  test('stands at the cursor where it is like nothing', () => {
    const { text, place } = proposedText(file, cursor(file.indexOf('\n\n') + 1), '\tgreet() {}');
    expect(place).toBe('cursor');
    expect(text.split('\n')[4]).toBe('greet() {}');
    expect(proposedText('a\n', cursor(0), 'const b = 1;').text).toBe('a\nconst b = 1;\n');
  });

  test('finds its lines in a file whose lines end as in Windows', () => {
    const windows = file.replaceAll('\n', '\r\n');
    const { from, to, text, place } = proposedChange(windows, cursor(0), block);
    expect(place).toBe('region');
    expect(windows.slice(from, to)).toBe('  length() {\r\n    return this.x + this.y;\r\n  }');
    expect(text).not.toContain('\r');
  });
});

test('the word after a fence names a language of the editor, by its own name or a usual one', () => {
  const known = ['typescript', 'python', 'plaintext'];
  expect(languageOf('ts', known)).toBe('typescript');
  expect(languageOf('Python', known)).toBe('python');
  expect(languageOf('rust', known)).toBeUndefined();
  expect(languageOf('', known)).toBeUndefined();
});
