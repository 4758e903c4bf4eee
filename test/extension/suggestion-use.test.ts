import { describe, expect, it } from 'vitest';
import { createRetention } from '../../src/extension/retention.ts';
import { measured } from '../../src/extension/speed.ts';
import { createSuggestionUse, type SuggestionUse } from '../../src/extension/suggestion-use.ts';
import { addedRows } from '../../src/extension/usage-rows.ts';
import type { Generated, GenerateRequest } from '../../src/protocol/engine.ts';
import type { Counts, UsageKey, UsageRow } from '../../src/protocol/statistics.ts';
import { clock } from './clock.ts';

const document = 'file:///a.ts';
const source = { language: 'typescript', experts: ['pocket/code', 'pocket/math'], isKnown: false };

function counter() {
  let rows: readonly UsageRow[] = [];
  return {
    rows: () => rows,
    count(key: Omit<UsageKey, 'day'>, counts: Counts): void {
      rows = addedRows(rows, [{ ...key, day: '2026-11-27', counts }]);
    },
  };
}

/** A file of one line that is edited. */
function file(text: string) {
  const time = clock();
  const { rows, count } = counter();
  const retention = createRetention({
    after: time.after,
    textAt: (_, { start, end }) => text.slice(start, end),
  });
  const use: SuggestionUse = createSuggestionUse({ retention, count });
  return {
    use,
    rows,
    pass: time.pass,
    put(at: number, added: string, length = 0): void {
      text = text.slice(0, at) + added + text.slice(at + length);
      const place = { document, line: 0, character: at };
      use.changed(document, [{ ...place, start: at, length, added: added.length, text: added }]);
    },
    at: (character: number) => ({ document, line: 0, character }),
  };
}

describe('what becomes of suggestions', () => {
  it('is counted by language and experts, from being shown to being there after 5 min', () => {
    const { use, rows, pass, put, at } = file('x = ');
    const offer = use.shown(at(4), 'value + 1;', source);
    put(4, 'value + 1;');
    use.accepted(offer, 'value + 1;');
    put(0, 'let ');
    pass(30_000);
    put(8, '0123456789', 10);
    pass(270_000);
    expect(rows()).toEqual([
      {
        day: '2026-11-27',
        surface: 'completion',
        language: 'typescript',
        experts: 'pocket/code + pocket/math',
        counts: {
          shown: 1,
          taken: 1,
          whole: 1,
          characters: 10,
          looked30: 1,
          looked300: 1,
          still30: 1,
          alike30: 1,
          alike300: 0,
        },
      },
    ]);
  });

  it('counts one suggestion as taken once, in however many pieces', () => {
    const { use, rows, put, at } = file('x = ');
    use.shown(at(4), 'value + 1;', source);
    put(4, 'value');
    const rest = use.shown(at(9), ' + 1;', { ...source, isKnown: true });
    put(9, ' + 1;');
    use.accepted(rest, ' + 1;');
    use.shown(at(0), 'y', { ...source, isKnown: true });
    expect(rows()[0]?.counts).toEqual({ shown: 2, known: 1, taken: 1, whole: 1, word: 1, characters: 10 });
  });

  it('counts nothing as taken that was typed by hand', () => {
    const { use, rows, put, at } = file('x = ');
    use.shown(at(4), 'value + 1;', source);
    for (const [index, key] of [...'value'].entries()) put(4 + index, key);
    expect(rows()[0]?.counts).toEqual({ shown: 1 });
  });
});

describe('the speed of answers', () => {
  const request = { surface: 'chat' } as GenerateRequest;
  const speedOf = async (result: Partial<Generated>, asked: Partial<GenerateRequest> = {}) => {
    const { rows, count } = counter();
    const generate = measured(
      async () => ({
        kind: 'generated',
        result: { unit: 'token', ids: [1, 2, 3], ms: { prefill: 9, decode: 60 }, ...result } as Generated,
      }),
      (surface) => [`of the ${surface}`],
      count,
    );
    await generate({ ...request, ...asked }, {});
    return rows();
  };

  it('is counted as tokens and milliseconds, for who takes part', async () => {
    expect(await speedOf({})).toMatchObject([
      { surface: 'chat', language: '', experts: 'of the chat', counts: { answers: 1, tokens: 3, ms: 60 } },
    ]);
    const mix = { weights: { a: 1, b: 2 }, pool: { kind: 'linear' }, weighting: 'fixed' } as const;
    expect(await speedOf({}, { mix })).toMatchObject([{ experts: 'a + b' }]);
  });

  it('is not counted where the steps are bytes, several answers were drawn, or none', async () => {
    expect(await speedOf({ unit: 'byte' })).toEqual([]);
    expect(await speedOf({ candidates: [] })).toEqual([]);
    expect(await speedOf({ ids: [] })).toEqual([]);
  });
});
