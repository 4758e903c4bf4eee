import { readFileSync } from 'node:fs';
import { t } from '@vscode/l10n';
import { afterEach, describe, expect, it } from 'vitest';
import { failureText } from '../../src/extension/failure-text.ts';
import { language, numberText, roundNumberText, speak, summaryText } from '../../src/extension/language.ts';

const japanese = JSON.parse(readFileSync(new URL('../../l10n/bundle.l10n.ja.json', import.meta.url), 'utf8'));
const missing = { code: 'file-missing', message: 'The file /a/config.json is not there.' } as const;

afterEach(() => speak('en', undefined));

describe('a failure', () => {
  it('says in English what it says', () => {
    expect(failureText(missing)).toBe('The file /a/config.json is not there.');
  });

  it('says in Japanese of which kind it is, and then its own sentence', () => {
    speak('ja', japanese);
    expect(failureText(missing)).toBe('ファイルが見つかりません。 (The file /a/config.json is not there.)');
  });

  it('is said as it is where the extension said it', () => {
    speak('ja', japanese);
    const message = t('This conversation is gone.');
    expect(message).toBe('この会話はもうありません。');
    expect(failureText({ code: 'file-missing', message })).toBe(message);
    expect(failureText({ code: 'engine-exited', message: 'Ended.' })).toBe('Ended.');
  });
});

describe('the language', () => {
  it('is English where the editor has no words for its own', () => {
    speak('de', undefined);
    expect([language().tag, numberText(1234.5), roundNumberText(134_515_008)]).toEqual([
      'en',
      '1,234.5',
      '134.5M',
    ]);
  });

  it('writes numbers as the editor’s does', () => {
    speak('ja', japanese);
    expect(roundNumberText(134_515_008)).toBe('1.345億');
    expect(summaryText('Solves simple school problems step by step.')).toBe(
      '学校の簡単な問題をステップごとに解きます。',
    );
    expect(summaryText('toString')).toBe('toString');
  });
});
