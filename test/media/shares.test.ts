import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expertsLine, nameOf, paceOf, sharesOf, waitingLine } from '../../media/chat/shares.ts';

describe('shares', () => {
  test('add up to 100 and keep the order of the experts', () => {
    const shares = { 'pocket/math': 0.335, 'pocket/general': 0.333, 'pocket/code': 0.332 };
    expect(sharesOf(shares, ['pocket/general', 'pocket/code', 'pocket/math'])).toEqual([
      { id: 'pocket/general', share: 0.333, percent: '33 %' },
      { id: 'pocket/code', share: 0.332, percent: '33 %' },
      { id: 'pocket/math', share: 0.335, percent: '34 %' },
    ]);
  });

  test('leave out an expert that supplied nothing, but not one that supplied a little', () => {
    expect(sharesOf({ a: 0, b: 0.001, c: 0.999 }, []).map(({ id, percent }) => [id, percent])).toEqual([
      ['b', '<1 %'],
      ['c', '100 %'],
    ]);
  });

  test('are none before the first token', () => {
    expect(sharesOf({}, ['a'])).toEqual([]);
  });

  test('are whole numbers that add up to 100 for any shares', () => {
    const some = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(some, (values) => {
        const shares = Object.fromEntries(values.map((value, index) => [`e${index}`, value]));
        const total = sharesOf(shares, [])
          .map(({ percent }) => (percent === '<1 %' ? 0 : Number.parseInt(percent, 10)))
          .reduce((sum, percent) => sum + percent, 0);
        expect(total).toBe(100);
      }),
    );
  });
});

test('an expert is called by its name, and by its id where it is gone', () => {
  expect(nameOf('pocket/math', [{ id: 'pocket/math', name: 'Gauss' }])).toBe('Gauss');
  expect(nameOf('pocket/math', [])).toBe('pocket/math');
});

describe('the line under an answer', () => {
  const some = { text: 'x', tokens: 42, shares: {}, pieces: [] };

  test('counts while the answer streams', () => {
    expect(paceOf({ kind: 'streaming', ...some })).toBe('42 tokens');
    expect(paceOf({ kind: 'streaming', ...some, tokens: 0 })).toBe('');
  });

  test('gives the rate at the end, and how it ended where that was not by itself', () => {
    expect(paceOf({ kind: 'done', stop: 'end', tokensPerSecond: 61.4, ...some })).toBe(
      '42 tokens · 61 tokens/s',
    );
    expect(paceOf({ kind: 'done', stop: 'cancelled', ...some, tokens: 1 })).toBe('1 token · stopped');
    expect(paceOf({ kind: 'done', stop: 'length', tokensPerSecond: 6.14, ...some })).toBe(
      '42 tokens · 6.1 tokens/s · cut at the limit of tokens',
    );
    expect(paceOf({ kind: 'done', stop: 'end', tokensPerSecond: 20, ...some, unit: 'byte' })).toBe(
      '42 bytes · 20 bytes/s · mixed by bytes, as the vocabularies differ',
    );
  });
});

describe('the line beside the buttons', () => {
  test('names the experts that take part and what keeps them', () => {
    expect(
      expertsLine([
        { id: 'pocket/general', name: 'general', active: false, state: { kind: 'off' } },
        { id: 'pocket/code', name: 'code', active: true, state: { kind: 'ready' } },
        { id: 'pocket/math', name: 'Gauss', active: true, state: { kind: 'loading', progress: 0.404 } },
        { id: 'pocket/other', name: 'other', active: true, state: { kind: 'failed' } },
      ]),
    ).toBe('code · Gauss 40 % · other failed');
  });

  test('says so where no expert takes part', () => {
    expect(expertsLine([{ id: 'a', name: 'a', active: false, state: { kind: 'ready' } }])).toBe(
      'No expert takes part',
    );
  });
});

test('the wait before the first token is for loading only where an active expert loads', () => {
  const loading = { kind: 'loading', progress: 0.5 } as const;
  expect(waitingLine([{ id: 'a', name: 'a', active: true, state: loading }])).toBe('Loading the experts…');
  expect(waitingLine([{ id: 'a', name: 'a', active: false, state: loading }])).toBe('Reading the question…');
  const converting = { ...loading, stage: 'converting' } as const;
  expect(waitingLine([{ id: 'a', name: 'a', active: true, state: converting }])).toBe(
    'Converting the model, once…',
  );
});
