import { describe, expect, it } from 'vitest';
import { isInForce, memoryLimit, settingsOf } from '../../src/extension/advised-mix.ts';
import { mixtureOf } from '../../src/extension/experts.ts';
import { checkSettings, type SettingName } from '../../src/extension/setting-rules.ts';
import type { AdviceRow } from '../../src/protocol/advice.ts';

const places = { extensionPath: '/ext', cache: '/cache', hasTinyBase: false };
const row = (weights: Record<string, number>): AdviceRow => ({
  kind: 'step',
  members: Object.entries(weights).map(([id, weight]) => ({ id, weight })),
  vocabulary: 'a hash',
  bitsPerByte: 1,
  memoryBytes: 1,
  gain: 0.1,
  standardError: 0.01,
});
const read = (written: Partial<Record<SettingName, unknown>>) => checkSettings((name) => written[name]);
const both = row({ 'pocket/code': 0.634, 'pocket/general': 0.366 });

describe('the settings of an advised mix', () => {
  it('put it in force, and keep the weights of other experts', () => {
    const { values } = read({ 'experts.weights': { 'pocket/math': 3 } });
    const sets = settingsOf(both, values);
    expect(sets['experts.weights']).toEqual({
      'pocket/math': 3,
      'pocket/code': 0.63,
      'pocket/general': 0.37,
    });
    const { values: after, problems } = read(sets);
    expect(problems).toEqual([]);
    expect(isInForce(both, mixtureOf(places, after).mix)).toBe(true);
    expect(isInForce(both, mixtureOf(places, values).mix)).toBe(false);
  });

  it('are in force only with their experts, weights, pool and weighting', () => {
    const sets = settingsOf(both, read({}).values);
    const inForce = (change: object): boolean =>
      isInForce(both, mixtureOf(places, read({ ...sets, ...change }).values).mix);
    expect(inForce({})).toBe(true);
    expect(inForce({ 'mix.pool': 'geometric' })).toBe(false);
    expect(inForce({ 'mix.weighting': 'prompt' })).toBe(false);
    expect(inForce({ 'chat.weighting': 'prompt' })).toBe(false);
    expect(inForce({ 'completion.weights': { 'pocket/code': 0 } })).toBe(false);
    expect(inForce({ 'experts.active': ['pocket/code', 'pocket/general', 'pocket/math'] })).toBe(false);
    expect(inForce({ 'experts.weights': { 'pocket/code': 1, 'pocket/general': 1 } })).toBe(false);
  });

  it('need no rule where one expert is alone', () => {
    const { mix } = mixtureOf(places, read({ 'experts.active': ['pocket/code'] }).values);
    expect(isInForce(row({ 'pocket/code': 1 }), mix)).toBe(true);
  });
});

describe('the memory limit', () => {
  it('is the setting, or half of the machine up to 16 GB', () => {
    expect(memoryLimit(500, 8e9)).toBe(5e8);
    expect(memoryLimit(0, 8e9)).toBe(4e9);
    expect(memoryLimit(0, 256e9)).toBe(16e9);
  });
});
