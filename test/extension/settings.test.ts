import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mixtureOf, shortName } from '../../src/extension/experts.ts';
import { checkSettings, type SettingName, settingRules } from '../../src/extension/setting-rules.ts';

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
    ['models.precision', 'q8'],
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
  const mixture = (written: Partial<Record<SettingName, unknown>>) => mixtureOf('/ext', read(written).values);

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

  it('shortens names', () => {
    expect(shortName('pocket/code')).toBe('code');
    expect(shortName('smollm2')).toBe('smollm2');
  });
});
