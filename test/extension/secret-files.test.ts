import { describe, expect, it } from 'vitest';
import { secretFiles, watchedSecretFiles } from '../../src/extension/secret-files.ts';
import { settingRules } from '../../src/extension/setting-rules.ts';

const usual = secretFiles(settingRules.secretFiles.fallback);

describe('the files that are never read', () => {
  it.each([
    '/w/.env',
    '/w/.env.local',
    '/w/deep/down/.ENV',
    '/w/prod.env',
    '/w/server.pem',
    '/w/server.key',
    '/home/me/.ssh/id_rsa',
    '/home/me/.ssh/config',
    '/w/id_ed25519',
    '/home/me/.npmrc',
    '/home/me/.pypirc',
    '/home/me/.netrc',
    '/home/me/.git-credentials',
    '/home/me/.aws/credentials',
    '/home/me/.kube/config',
    '/w/passwords.kdbx',
    '/w/store.p12',
    '/w/app.keystore',
    '/w/terraform.tfstate',
    'C:\\Users\\me\\.env',
    '/w/secrets.yaml',
  ])('include %s', (path) => {
    expect(usual(path)).toBe(true);
  });

  it.each([
    '/w/src/main.ts',
    '/w/src/env.ts',
    '/w/environment/key.ts',
    '/w/keyboard.md',
    '/w/docs/secrets.md',
    '/w/credentials-form.tsx',
    '/w/.envrc.md',
    '/w/credentials/form.ts',
  ])('do not include %s', (path) => {
    expect(usual(path)).toBe(false);
  });

  it('are those of the setting and no others', () => {
    const own = secretFiles(['private/**', '*.txt']);
    expect(own('/w/notes.txt')).toBe(true);
    expect(own('/w/.env')).toBe(false);
    expect(own('private/a.ts')).toBe(true);
    expect(secretFiles(['**/private/**'])('/w/private/a.ts')).toBe(true);
    expect(secretFiles([])('/w/.env')).toBe(false);
  });

  it.each([
    ['/home/me/private/**', '/home/me/private/a.ts', '/w/home/me/private/a.ts'],
    ['/w/notes.txt', '/w/notes.txt', '/v/w/notes.txt'],
    ['private/', '/w/private/deep/a.ts', '/w/private.ts'],
    ['/w/private/', '/w/private/a.ts', '/v/w/private/a.ts'],
    ['config/keys.json', '/w/config/keys.json', '/w/other/keys.json'],
    ['C:\\Users\\me\\private\\**', '/c:/Users/me/private/a.ts', '/c:/Users/you/private/a.ts'],
    ['private\\', 'C:\\w\\private\\a.ts', 'C:\\w\\a.ts'],
    ['**/.ssh/**', '/home/me/.ssh/config', '/home/me/ssh/config'],
  ])('by %s include %s and not %s', (pattern, secret, open) => {
    const own = secretFiles([pattern]);
    expect(own(secret)).toBe(true);
    expect(own(open)).toBe(false);
  });

  it('follow the setting', () => {
    let patterns: readonly string[] = ['*.a'];
    const isSecret = watchedSecretFiles(() => patterns);
    expect(isSecret('/x.b')).toBe(false);
    patterns = ['*.b'];
    expect(isSecret('/x.b')).toBe(true);
  });
});
