import { describe, expect, it } from 'vitest';
import { createAcceptance, type Taken, type TextPlace } from '../../src/extension/acceptance.ts';

const place: TextPlace = { document: 'file:///a.ts', line: 3, character: 4 };

function watched() {
  const shown: string[] = [];
  const taken: Taken<string>[] = [];
  const acceptance = createAcceptance<string>({
    shown: (source) => shown.push(source),
    taken: (one) => taken.push(one),
  });
  /** Puts text in at offset 100 and the character's. */
  const insert = (at: TextPlace, text: string): void => {
    const start = 100 + at.character;
    acceptance.inserted({ ...at, text, span: { start, end: start + text.length } });
  };
  return { ...acceptance, insert, shown: acceptance.shown, told: { shown, taken } };
}

describe('what was taken of the suggestions', () => {
  it('counts those taken whole and those taken in part', () => {
    const acceptance = watched();
    acceptance.shown(place, 'value + 1;', 'a');
    acceptance.insert(place, 'value');
    const rest = acceptance.shown({ ...place, character: 9 }, ' + 1;', 'b');
    acceptance.insert({ ...place, character: 9 }, ' + 1;');
    acceptance.accepted(rest, ' + 1;');
    expect(acceptance.counts()).toEqual({ shown: 1, whole: 1, inPart: 1, characters: 10 });
    expect(acceptance.told.shown).toEqual(['a']);
    expect(acceptance.told.taken).toMatchObject([
      { source: 'a', how: 'word', isFirst: true, text: 'value', span: { start: 104, end: 109 } },
      { source: 'a', how: 'whole', isFirst: false, text: ' + 1;', span: { start: 109, end: 114 } },
    ]);
  });

  it.each<[string, TextPlace, string]>([
    ['a key that is pressed', place, 'v'],
    ['other text', place, 'void'],
    ['another line', { ...place, line: 4 }, 'value'],
    ['another column', { ...place, character: 0 }, 'value'],
    ['another document', { ...place, document: 'file:///b.ts' }, 'value'],
  ])('counts nothing for %s', (_name, at, text) => {
    const acceptance = watched();
    acceptance.shown(place, 'value + 1;', 'a');
    acceptance.insert(at, text);
    expect(acceptance.counts()).toMatchObject({ whole: 0, inPart: 0 });
  });

  it('counts a part once, until the rest is shown', () => {
    const acceptance = watched();
    acceptance.shown(place, 'value + 1;', 'a');
    acceptance.insert(place, 'value');
    acceptance.insert(place, 'value');
    expect(acceptance.counts().inPart).toBe(1);
  });

  it.each<[string, TextPlace, string, number]>([
    ['the rest after a word', { ...place, character: 9 }, ' + 1;\n}', 0],
    ['the rest after a line', { ...place, line: 4, character: 0 }, '}', 0],
    ['the same at the same place', place, 'value + 1;\n}', 0],
    [
      'the same from the same place, of which a beginning stands there',
      { ...place, character: 6 },
      'value + 1;\n}',
      2,
    ],
  ])('does not count %s as another', (_name, at, text, left) => {
    const acceptance = watched();
    acceptance.shown(place, 'value + 1;\n}', 'a');
    acceptance.shown(at, text, 'b', left);
    expect(acceptance.told.shown).toEqual(['a']);
  });

  it.each<[string, TextPlace, string]>([
    ['an end of it on another line', { ...place, line: 9 }, '}'],
    ['an end of it in another column', { ...place, character: 8 }, ' + 1;\n}'],
    ['the same elsewhere', { ...place, line: 4 }, 'value + 1;\n}'],
  ])('counts %s as another', (_name, at, text) => {
    const acceptance = watched();
    acceptance.shown(place, 'value + 1;\n}', 'a');
    acceptance.shown(at, text, 'b');
    expect(acceptance.told.shown).toEqual(['a', 'b']);
  });

  it('counts the same as another after it was taken whole', () => {
    const acceptance = watched();
    acceptance.accepted(acceptance.shown(place, 'one();', 'a'), 'one();');
    acceptance.shown(place, 'one();', 'b');
    expect(acceptance.told.shown).toEqual(['a', 'b']);
  });

  it('tells a line from a word by its line feed', () => {
    const howOf = (text: string): string | undefined => {
      const acceptance = watched();
      acceptance.shown(place, 'if (a) {\n  b();\n}', 'a');
      acceptance.insert(place, text);
      return acceptance.told.taken[0]?.how;
    };
    expect(['if', 'if (a) {', 'if (a) {\n', 'if (a) {\n  b'].map(howOf)).toEqual([
      'word',
      'word',
      'line',
      'word',
    ]);
  });

  it('counts what is taken for the suggestion it was of, also where the next is shown before the editor tells', () => {
    const acceptance = watched();
    const first = acceptance.shown(place, 'one();', 'a');
    acceptance.insert(place, 'one();');
    acceptance.shown({ ...place, line: 9 }, 'two();', 'b');
    acceptance.accepted(first, 'one();');
    expect(acceptance.told.taken).toMatchObject([{ source: 'a', span: { start: 104, end: 110 } }]);
  });

  it('says that it does not know the place where the editor put in something else', () => {
    const acceptance = watched();
    const offer = acceptance.shown(place, 'one();', 'a');
    acceptance.insert(place, 'else();');
    acceptance.accepted(offer, 'one();');
    expect(acceptance.told.taken).toMatchObject([{ how: 'whole', span: undefined }]);
  });
});
