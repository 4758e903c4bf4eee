import { describe, expect, it } from 'vitest';
import { createRefusal } from '../../src/extension/refusal.ts';
import { secretFiles } from '../../src/extension/secret-files.ts';

const refusalOf = createRefusal(secretFiles(['.env']));

describe('what the experts do not get', () => {
  it('is a secret file, before it is read', () => {
    expect(refusalOf({ name: '.env', path: '/w/.env' })).toMatch(/^\.env is a secret file/);
  });

  it('is a text with a key in it, wherever it comes from', () => {
    const text = `const key = 'ghp_${'a1B2'.repeat(9)}';`;
    expect(refusalOf({ name: 'a.ts', path: '/w/a.ts', text })).toMatch(/^a\.ts holds what looks like a key/);
    expect(refusalOf({ name: 'the text', text })).toMatch(/^the text holds/);
  });

  it('is nothing else', () => {
    expect(refusalOf({ name: 'a.ts', path: '/w/a.ts', text: 'const a = 1;' })).toBeUndefined();
    expect(refusalOf({ name: 'the text', text: 'A=1' })).toBeUndefined();
  });
});
