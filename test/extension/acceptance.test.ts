import { describe, expect, it } from 'vitest';
import { createAcceptance, type TextPlace } from '../../src/extension/acceptance.ts';

const place: TextPlace = { document: 'file:///a.ts', line: 3, character: 4 };

describe('what was taken of the suggestions', () => {
  it('counts those taken whole and those taken in part', () => {
    const acceptance = createAcceptance();
    acceptance.shown(place, 'value + 1;');
    acceptance.inserted(place, 'value');
    acceptance.shown({ ...place, character: 9 }, ' + 1;');
    acceptance.inserted({ ...place, character: 9 }, ' + 1;');
    acceptance.accepted(' + 1;');
    expect(acceptance.counts()).toEqual({ shown: 1, whole: 1, inPart: 1, characters: 10 });
  });

  it.each<[string, TextPlace, string]>([
    ['a key that is pressed', place, 'v'],
    ['other text', place, 'void'],
    ['another line', { ...place, line: 4 }, 'value'],
    ['another column', { ...place, character: 0 }, 'value'],
    ['another document', { ...place, document: 'file:///b.ts' }, 'value'],
  ])('counts nothing for %s', (_name, at, text) => {
    const acceptance = createAcceptance();
    acceptance.shown(place, 'value + 1;');
    acceptance.inserted(at, text);
    expect(acceptance.counts()).toMatchObject({ whole: 0, inPart: 0 });
  });

  it('counts a part once, until the rest is shown', () => {
    const acceptance = createAcceptance();
    acceptance.shown(place, 'value + 1;');
    acceptance.inserted(place, 'value');
    acceptance.inserted(place, 'value');
    expect(acceptance.counts().inPart).toBe(1);
  });
});
