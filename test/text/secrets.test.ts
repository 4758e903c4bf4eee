import { describe, expect, it } from 'vitest';
import { secretIn } from '../../src/text/secrets.ts';

/** Put together here, so that no scanner takes this file for one that holds secrets. */
const letters = 'Ab3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7j';
const secrets: readonly [string, string][] = [
  ['private-key', `-----BEGIN ${'PRIVATE'} KEY-----`],
  ['private-key', `-----BEGIN RSA ${'PRIVATE'} KEY-----`],
  ['private-key', `-----BEGIN OPENSSH ${'PRIVATE'} KEY-----`],
  ['private-key', `-----BEGIN PGP ${'PRIVATE'} KEY BLOCK-----`],
  ['private-key', `-----END RSA ${'PRIVATE'} KEY-----`],
  ['aws-key', `AKIA${'ABCDEFGH12345678'}`],
  ['github-token', `ghp_${letters}`],
  ['github-token', `github_pat_${letters}_${letters}`],
  ['gitlab-token', `glpat-${letters.slice(0, 20)}`],
  ['api-key', `sk-${letters}${letters}`],
  ['api-key', `sk-proj-${letters}`],
  ['api-key', `sk-ant-api03-${letters}`],
  ['google-key', `AIza${letters.slice(0, 35)}`],
  ['slack-token', `xoxb-${'1234567890'}-abc`],
  ['npm-token', `npm_${letters}`],
];

describe('text that looks like a secret', () => {
  it.each(secrets)('is a %s: %s', (kind, text) => {
    expect(secretIn(text)).toBe(kind);
    expect(secretIn(`const key = "${text}";\n`)).toBe(kind);
  });

  it.each([
    ['a public key', '-----BEGIN PUBLIC KEY-----'],
    ['the end of a public key', '-----END PUBLIC KEY-----'],
    ['a certificate', '-----BEGIN CERTIFICATE-----'],
    ['a placeholder', 'OPENAI_API_KEY=sk-...'],
    ['a class of a style sheet', '.sk-loading-indicator-with-a-very-long-name-that-goes-on {'],
    ['a longer constant', 'BAKIAABCDEFGH12345678 AKIAABCDEFGH123456789'],
    ['a prefix alone', 'ghp_ github_pat_ xoxb- npm_config_registry'],
    [
      'a hash',
      'sha512-U4N8FgzmWxc8k1VH8Kr6lQg18U7Fjvby6wXHVRX/ZZ7IwWbRMgrRbP0Wrb5q5NVinryp4SQampHKdvtecItxUg==',
    ],
    ['code', 'export function add(a: number, b: number): number {\n  return a + b;\n}'],
  ])('is not %s', (_name, text) => {
    expect(secretIn(text)).toBeUndefined();
  });
});
