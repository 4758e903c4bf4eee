import { expect, it } from 'vitest';
import { checkHost } from '../../src/serve/guard.ts';

it('a request is for this machine where it names it, with its port but for the one that http implies', () => {
  for (const [host, port] of [
    ['127.0.0.1:8191', 8191],
    ['LOCALHOST:8191', 8191],
    ['[::1]:8191', 8191],
    ['127.0.0.1', 80],
  ] as const)
    expect(() => checkHost({ host }, port)).not.toThrow();
  for (const [host, port] of [
    ['127.0.0.1', 8191],
    ['127.0.0.1:80', 8191],
    ['evil.example:8191', 8191],
    ['evil.example', 80],
    ['', 80],
  ] as const)
    expect(() => checkHost({ host }, port)).toThrow();
});
