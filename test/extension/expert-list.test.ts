import { describe, expect, it } from 'vitest';
import { withActive, withExpert, withName, withoutExpert } from '../../src/extension/expert-list.ts';
import { expertRows } from '../../src/extension/expert-rows.ts';
import { mixtureOf } from '../../src/extension/experts.ts';
import { freeName, mixInForce, savedMixes, withMix, withoutMix } from '../../src/extension/saved-mixes.ts';
import { checkSettings, mixSettingNames, type SettingValues } from '../../src/extension/setting-rules.ts';

const written = (values: Readonly<Record<string, unknown>>): SettingValues => {
  const { values: read, problems } = checkSettings((name) => values[name]);
  expect(problems).toEqual([]);
  return read;
};
const places = { extensionPath: '/extension', cache: '/cache', hasTinyBase: false };
const expertsOf = (values: SettingValues) => mixtureOf(places, values).experts;

describe('an expert that is added', () => {
  it('is named in the list, by its folder, with its name and its base where these say more', () => {
    const values = written({ 'models.folders': ['/m/one'] });
    const place = '/blobs/sha256-0a';
    const added = withExpert(values, expertsOf(values), { place, name: 'llama3.2:1b', base: '/m/base' });
    expect(added).toEqual({
      kind: 'added',
      id: 'sha256-0a',
      sets: {
        'models.folders': ['/m/one', place],
        'experts.names': { 'sha256-0a': 'llama3.2:1b' },
        'models.bases': { 'sha256-0a': '/m/base' },
      },
    });
    const after = written({ ...values, ...(added.kind === 'added' && added.sets) });
    expect(expertsOf(after).at(-1)).toEqual({
      id: 'sha256-0a',
      folder: place,
      embedded: false,
      base: '/m/base',
    });
    const mixture = mixtureOf(places, after);
    expect(mixture.problems).toEqual([]);
    expect(mixture.mix.experts.at(-1)).toMatchObject({ base: '/m/base', active: false });
  });

  it('is not added twice, nor under the name of another', () => {
    const values = written({ 'models.folders': ['/m/one'] });
    const experts = expertsOf(values);
    expect(withExpert(values, experts, { place: '/m/x/../one', name: 'one' })).toEqual({
      kind: 'there',
      id: 'one',
    });
    expect(withExpert(values, experts, { place: '/elsewhere/one', name: 'one' })).toEqual({
      kind: 'taken',
      id: 'one',
      by: '/m/one',
    });
  });

  it('takes part beside the others', () => {
    const values = written({ 'experts.active': ['pocket/code'] });
    expect(withActive(values, ['one', 'pocket/code'])).toEqual({ 'experts.active': ['pocket/code', 'one'] });
  });
});

describe('an expert that is removed', () => {
  it('is named nowhere any more, and nothing else changes', () => {
    const values = written({
      'models.folders': ['/m/one', '/m/two'],
      'models.bases': { one: '/m/base' },
      'experts.active': ['pocket/code', 'one'],
      'experts.weights': { one: 2, two: 3 },
      'experts.names': { one: 'First', two: 'Second' },
      'chat.weights': { one: 0 },
    });
    expect(withoutExpert(values, { id: 'one', folder: '/m/one' })).toEqual({
      'models.folders': ['/m/two'],
      'models.bases': {},
      'experts.active': ['pocket/code'],
      'experts.weights': { two: 3 },
      'experts.names': { two: 'Second' },
      'chat.weights': {},
    });
    expect(withoutExpert(written({}), { id: 'pocket/math', folder: '/x' })).toEqual({
      'experts.active': ['pocket/code'],
    });
  });
});

describe('an expert that is renamed', () => {
  it('is shown by that name, and by its own again after an empty one', () => {
    const values = written({ 'experts.names': { one: 'First' } });
    expect(withName(values, 'pocket/code', ' Coder ')).toEqual({
      'experts.names': { one: 'First', 'pocket/code': 'Coder' },
    });
    expect(withName(values, 'one', ' ')).toEqual({ 'experts.names': {} });
    const { mix } = mixtureOf(places, written({ 'models.folders': ['/m/one'] }));
    const rows = expertRows(
      mix,
      { state: { kind: 'idle' }, experts: [] },
      { names: { one: 'First' }, folders: ['/m/one'] },
    );
    expect(rows.map(({ id, name, origin }) => [id, name, origin])).toEqual([
      ['pocket/general', 'general', 'embedded'],
      ['pocket/code', 'code', 'embedded'],
      ['pocket/math', 'math', 'embedded'],
      ['one', 'First', 'listed'],
    ]);
  });
});

describe('a saved mix', () => {
  it('is what is in force, comes back whole, and can go', () => {
    const values = written({ 'experts.active': ['pocket/math'], 'chat.weights': { 'pocket/math': 2 } });
    const mix = mixInForce(values);
    expect(Object.keys(mix).sort()).toEqual([...mixSettingNames].sort());
    const saved = written({ ...values, ...withMix(values, 'Mine', mix), 'experts.active': ['pocket/code'] });
    expect(savedMixes(saved)).toEqual([
      { id: 'saved/Mine', label: 'Mine', detail: 'pocket/math', sets: mix },
    ]);
    expect(withoutMix(saved, 'Mine')).toEqual({ 'mix.saved': {} });
  });

  it.each<unknown>([
    { Mine: { 'experts.active': 'pocket/math' } },
    { Mine: { 'models.folders': ['/somewhere'] } },
    { Mine: null },
    { Mine: { toString: 1 } },
    [],
  ])('is not taken from %j', (saved) => {
    const { values, problems } = checkSettings((name) => (name === 'mix.saved' ? saved : undefined));
    expect(problems).toHaveLength(1);
    expect(values['mix.saved']).toEqual({});
  });

  it('has a copy under a name that is free', () => {
    expect(freeName('Mine', [])).toBe('Mine copy');
    expect(freeName('Mine', ['Mine copy', 'Mine copy 2'])).toBe('Mine copy 3');
  });
});
