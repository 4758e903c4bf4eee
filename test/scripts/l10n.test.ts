import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  faultsInJapanese,
  faultsOf,
  keysOf,
  messagesOf,
  messagesOfCode,
  misnamed,
} from '../../scripts/l10n.mjs';

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));

describe('the words in two languages', () => {
  test('the Japanese ones are complete, and none is left over', () => {
    expect(faultsInJapanese()).toEqual([]);
  });

  test('the list for translators is that of the code', () => {
    expect(Object.keys(read('l10n/bundle.l10n.json'))).toEqual(messagesOfCode());
  });

  test('the manifest names the words that there are, and holds none of its own', () => {
    const manifest = read('package.json');
    expect(keysOf(manifest).sort()).toEqual(Object.keys(read('package.nls.json')).sort());
    expect(plainWords(manifest.contributes)).toEqual([]);
  });
});

describe('a fault is told', () => {
  const words = { a: 'Fetch {0}', b: '$(add) Import', c: 'See chorus.mix.pool. [Ask](command:chorus.ask)' };
  const japanese = {
    a: '{0} を取得',
    b: '$(add) インポート',
    c: 'chorus.mix.pool を参照。[質問](command:chorus.ask)',
  };
  const faults = (translation: Readonly<Record<string, string>>) => faultsOf(words, translation, 'ja');

  test('none where all is there', () => {
    expect(faults(japanese)).toEqual([]);
  });

  test.each([
    ['a', { a: '取得' }],
    ['a', { a: '{1} を取得' }],
    ['b', { b: 'インポート' }],
    ['c', { c: 'chorus.mix.power を参照。[質問](command:chorus.ask)' }],
    ['c', { c: 'chorus.mix.pool を参照。[質問](command:chorus.mix)' }],
  ])('where %s loses what it must keep', (key, change) => {
    expect(faults({ ...japanese, ...change })).toEqual([expect.stringContaining(`differs in placeholders`)]);
    expect(faults({ ...japanese, ...change })[0]).toMatch(new RegExp(`: ${key}$`));
  });

  test('where a word is missing, or has no use', () => {
    const { a, ...others } = japanese;
    expect(faults(others)).toEqual(['ja lacks: a']);
    expect(faults({ ...japanese, d: 'd' })).toEqual(['ja has what nothing uses: d']);
  });

  test('where a command has another name than in the palette', () => {
    const commands = { titles: { x: 'Show Log' }, translated: { x: 'ログを表示' } };
    const sentence = { s: 'See "Chorus: Show Log".' };
    expect(misnamed(sentence, { s: '「Chorus: ログを表示」を参照。' }, commands)).toEqual([]);
    expect(misnamed(sentence, { s: '「Chorus: Show Log」を参照。' }, commands)).toHaveLength(1);
  });

  test('where what is to be translated is no plain string', () => {
    const said = "const f = () => [t('One {0}.', l10n.t(`Two`)), other('Three')];";
    expect(messagesOf('a.ts', said)).toEqual(['One {0}.', 'Two']);
    expect(() => messagesOf('a.ts', "\nfunction f() { t('One ' + name) }")).toThrow('a.ts, line 2');
  });

  test('where a word is said before the language is known', () => {
    expect(() => messagesOf('a.ts', "const words = [t('One')];")).toThrow('before the language is known');
  });

  test('where the manifest has words of its own', () => {
    const said = {
      views: [{ id: 'x', name: 'Mix' }],
      commands: [{ title: 'Ask' }, { title: '%command.ask%' }],
    };
    expect(plainWords({ ...said, enumDescriptions: ['%a%', 'B'] })).toEqual(['Mix', 'Ask', 'B']);
  });
});

const shown = /^(?:title|shortTitle|label|displayName|fullName|description|userDescription|contents)$/;
const isDescription =
  /^(?:markdownDescription|markdownEnumDescriptions|enumDescriptions|deprecationMessage)$/;

/** What users read of the manifest and is no key, but for the project's name. */
function plainWords(value: unknown, isShown = false): string[] {
  if (typeof value === 'string') return isShown && !/^(?:%.+%|[Cc]horus)$/.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((one) => plainWords(one, isShown));
  if (typeof value !== 'object' || value === null) return [];
  const isView = 'id' in value && 'name' in value;
  // What a tool's schema says is read by models.
  return Object.entries(value).flatMap(([key, child]) =>
    key === 'inputSchema'
      ? []
      : plainWords(child, shown.test(key) || isDescription.test(key) || (isView && key === 'name')),
  );
}
