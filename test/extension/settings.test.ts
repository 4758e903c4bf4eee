import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fallbacksWith, mixtureOf, shortName, weightEverywhere } from '../../src/extension/experts.ts';
import { readyMixes } from '../../src/extension/ready-mixes.ts';
import {
  checkSettings,
  type SettingName,
  type SettingValues,
  settingRules,
} from '../../src/extension/setting-rules.ts';

const names = Object.keys(settingRules) as SettingName[];
const read = (written: Partial<Record<SettingName, unknown>>) => checkSettings((name) => written[name]);

describe('settings', () => {
  it('have a default where nothing is written', () => {
    const { values, problems } = read({});
    expect(problems).toEqual([]);
    expect(values['experts.active']).toEqual(['pocket/code', 'pocket/math']);
    expect(values['completion.debounce']).toBe(150);
  });

  it('take what is valid', () => {
    const written = {
      'completion.debounce': 0,
      'completion.multiline': 'never',
      'completion.languages': { plaintext: false },
      'experts.weights': { 'pocket/code': 0.9 },
      'mix.power': 1,
      'models.folders': ['/models/one'],
      'chat.temperature': 0.7,
    };
    expect(read(written)).toMatchObject({ values: written, problems: [] });
  });

  it.each<[SettingName, unknown]>([
    ['completion.enabled', 'yes'],
    ['completion.debounce', 2001],
    ['completion.debounce', 1.5],
    ['completion.multiline', 'sometimes'],
    ['completion.maxTokens', 0],
    ['completion.languages', { plaintext: 'off' }],
    ['completion.languages', [false]],
    ['experts.active', 'pocket/code'],
    ['experts.active', ['pocket/code', '']],
    ['experts.weights', { 'pocket/code': -1 }],
    ['experts.weights', { 'pocket/code': Number.NaN }],
    ['mix.pool', 'sum'],
    ['mix.power', 0],
    ['mix.weighting', null],
    ['models.folders', ['models/one']],
    ['models.folders', ['~/models']],
    ['models.precision', 'q3'],
    ['models.hub', 'ftp://hub.example'],
    ['models.hub', 'hub.example'],
    ['models.offline', 'yes'],
    ['chat.maxTokens', 1e9],
    ['chat.temperature', 3],
    ['chat.systemPrompt', 1],
  ])('refuse chorus.%s = %j and use the default', (name, value) => {
    const { values, problems } = read({ [name]: value });
    expect(values[name]).toEqual(settingRules[name].fallback);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      new RegExp(
        `^The setting chorus\\.${name} is .*, which is not .*\\. Correct it in the settings; until then .* is used\\.$`,
      ),
    );
  });

  it('survive anything, and complain in short sentences', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.anything(), (name, value) => {
        const { values, problems } = read({ [name]: value });
        expect(values[name]).toBeDefined();
        expect(problems.join('').length).toBeLessThan(500);
      }),
    );
  });
});

describe('the mix that the settings make', () => {
  const places = { extensionPath: '/ext', cache: '/cache', hasTinyBase: false };
  const mixture = (written: Partial<Record<SettingName, unknown>>) => mixtureOf(places, read(written).values);

  it('knows the embedded experts and which of them take part', () => {
    const { mix, problems } = mixture({ 'experts.weights': { 'pocket/math': 0.25 } });
    expect(problems).toEqual([]);
    expect(mix.experts).toEqual([
      {
        id: 'pocket/general',
        folder: '/ext/models/pocket/general',
        precision: 'auto',
        device: 'auto',
        active: false,
        weight: 1,
      },
      {
        id: 'pocket/code',
        folder: '/ext/models/pocket/code',
        precision: 'auto',
        device: 'auto',
        active: true,
        weight: 1,
      },
      {
        id: 'pocket/math',
        folder: '/ext/models/pocket/math',
        precision: 'auto',
        device: 'auto',
        active: true,
        weight: 0.25,
      },
    ]);
    expect(mix).toMatchObject({ pool: { kind: 'linear' }, weighting: 'adaptive' });
  });

  it('says what the experts may take of the machine, as far as it is limited', () => {
    const { mix } = mixture({});
    expect(mix.resources).toEqual({ unloadAfterMinutes: 30 });
    const limited = mixture({
      'mix.memoryLimit': 500,
      'engine.unloadAfterMinutes': 0,
      'models.contextLimit': 512,
    }).mix;
    expect(limited.resources).toEqual({ unloadAfterMinutes: 0, memoryLimit: 500e6 });
    expect(limited.experts.map(({ contextLimit }) => contextLimit)).toEqual([512, 512, 512]);
    expect(mix.experts[0]).not.toHaveProperty('contextLimit');
  });

  it('gives the power mean its exponent', () => {
    expect(mixture({ 'mix.pool': 'power', 'mix.power': 0.3 }).mix.pool).toEqual({
      kind: 'power',
      exponent: 0.3,
    });
  });

  it("adds the user's folders under their own names", () => {
    const { experts } = mixture({ 'models.folders': ['/m/one', '/m/constructor'] });
    expect(experts.slice(3)).toEqual([
      { id: 'one', folder: '/m/one', embedded: false },
      { id: 'constructor', folder: '/m/constructor', embedded: false },
    ]);
    expect(mixture({ 'models.folders': ['/m/constructor'] }).mix.experts[3]?.weight).toBe(1);
  });

  it('says which folder has a name that is taken', () => {
    const { experts, problems } = mixture({ 'models.folders': ['/m/one', '/n/one', '/'] });
    expect(experts).toHaveLength(4);
    expect(problems).toEqual([
      'The setting chorus.models.folders names /n/one, but one is taken by /m/one. Give the folder another name; until then it is left out.',
      'The setting chorus.models.folders names /, but it has no name of its own. Give the folder another name; until then it is left out.',
    ]);
  });

  it('says which name is no expert', () => {
    const { problems } = mixture({ 'experts.active': ['pocket/cod'], 'experts.weights': { x: 1 } });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain('chorus.experts.active names the expert "pocket/cod", which is not there');
  });

  it('weighs differently in completions and in the chat, as far as that is set', () => {
    expect(mixture({}).mix).not.toHaveProperty('surfaces');
    const { mix } = mixture({ 'completion.weights': { 'pocket/math': 0 }, 'chat.weighting': 'prompt' });
    expect(mix.surfaces).toEqual({
      completion: { weights: { 'pocket/math': 0 } },
      chat: { weighting: 'prompt' },
    });
    expect(mixture({ 'chat.weights': { 'pocket/mat': 1 } }).problems[0]).toContain(
      'chorus.chat.weights names the expert "pocket/mat", which is not there',
    );
  });

  it('gets a weight everywhere that is set for an expert', () => {
    const values = read({
      'experts.weights': { a: 2 },
      'completion.weights': { a: 0, b: 3 },
      'chat.weights': { b: 1 },
    }).values;
    expect(weightEverywhere(values, 'a', 0.5)).toEqual({
      'experts.weights': { a: 0.5 },
      'completion.weights': { b: 3 },
    });
  });

  it('shortens names where that leaves them apart', () => {
    expect(shortName('tiny/code', ['tiny/base', 'tiny/code', 'pocket/code'])).toBe('tiny/code');
    expect(shortName('tiny/base', ['tiny/base', 'tiny/code', 'pocket/code'])).toBe('base');
    expect(shortName('pocket/code')).toBe('code');
    expect(shortName('smollm2')).toBe('smollm2');
  });
});

describe('the mix Tiny', () => {
  const mixture = (hasTinyBase: boolean, written: Partial<Record<SettingName, unknown>> = {}) => {
    const places = { extensionPath: '/ext', cache: '/cache', hasTinyBase };
    const { values } = checkSettings((name) => written[name], fallbacksWith(places));
    const { mix, problems } = mixtureOf(places, values);
    const active = mix.experts.filter((expert) => expert.active).map(({ id }) => id);
    return { ...mix, active, problems };
  };
  const tiny = ['tiny/base', 'tiny/code', 'tiny/math'];

  it('is in force where its base is there and nothing else is set, and the pocket experts are until then', () => {
    const mix = mixture(true);
    expect(mix.active).toEqual(tiny);
    expect(mix.weighting).toBe('adaptive');
    expect(mix.surfaces).toEqual({ completion: { weights: { 'tiny/math': 0 } } });
    expect(mix.problems).toEqual([]);
    expect(mix.experts.slice(0, 2)).toMatchObject([
      { folder: '/cache/models/smollm2-135m-instruct' },
      {
        folder: '/ext/models/adapters/smollm2-135m-code',
        base: '/cache/models/smollm2-135m-instruct',
      },
    ]);
    const before = mixture(false);
    expect(before.active).toEqual(['pocket/code', 'pocket/math']);
    expect(before.weighting).toBe('adaptive');
    expect(before).not.toHaveProperty('surfaces');
    expect(before.experts.map(({ id }) => id)).not.toContain('tiny/base');
  });

  it('keeps its rules while only its own experts are active, and gives way to what is set', () => {
    expect(mixture(true, { 'experts.active': tiny.slice(0, 2) })).toMatchObject({
      active: tiny.slice(0, 2),
      surfaces: { completion: { weights: { 'tiny/math': 0 } } },
    });
    expect(mixture(true, { 'mix.weighting': 'prompt', 'completion.weighting': 'fixed' })).toMatchObject({
      active: tiny,
      weighting: 'prompt',
      surfaces: { completion: { weights: { 'tiny/math': 0 }, weighting: 'fixed' } },
    });
    expect(mixture(true, { 'completion.weights': {} })).not.toHaveProperty('surfaces');
    const pocket = mixture(true, { 'experts.active': ['pocket/code', 'tiny/base'] });
    expect(pocket).not.toHaveProperty('surfaces');
    expect(mixture(true, { 'experts.active': [] }).active).toEqual([]);
    // Nobody is left out where nobody else would be there.
    expect(mixture(true, { 'experts.active': ['tiny/math'] })).not.toHaveProperty('surfaces');
  });

  it('is missed where it is set and its base is not there', () => {
    expect(mixture(false, { 'experts.active': tiny }).problems[0]).toContain(
      '"tiny/base", which is not there',
    );
  });

  it('is listed with all the mixes of the catalogue, or with those whose experts are known', () => {
    const labels = (known?: readonly string[]): string[] =>
      readyMixes(known).flatMap(({ label, mix }) => (mix === undefined ? [] : [label]));
    expect(labels()).toEqual([
      'Code + Maths (Qwen2.5 1.5B)',
      'Small (Qwen2.5 0.5B)',
      'Tiny (SmolLM2)',
      'Pocket',
    ]);
    expect(labels(['pocket/code', 'pocket/math'])).toEqual(['Pocket']);
    expect(labels([...tiny, 'pocket/code'])).toEqual(['Tiny (SmolLM2)']);
  });

  it('is a ready mix, which the others leave without a trace', () => {
    const values = (sets: Partial<SettingValues>) => read(sets).values;
    const all = readyMixes();
    const first = all.find(({ mix }) => mix?.id === 'tiny');
    const chosen = mixture(true, values(first?.sets ?? {}));
    expect(chosen).toEqual(mixture(true));
    const others = all.filter(({ mix }) => mix === undefined || mix.id === 'pocket');
    for (const { sets } of others.filter((one) => 'experts.active' in one.sets)) {
      expect(mixture(true, { ...first?.sets, ...sets })).not.toHaveProperty('surfaces');
    }
  });
});
