import { describe, expect, test } from 'vitest';
import { webAddress } from '../../src/extension/chat-link.ts';
import { chatPage } from '../../src/extension/chat-page.ts';

const page = chatPage({ script: 's.js', style: 's.css', source: 'https://own.example', nonce: 'once' });

describe('the policy of the page', () => {
  const policy = /content="(default-src[^"]*)"/.exec(page)?.[1] ?? '';
  const directives = new Map(
    policy.split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1)]),
  );

  test('lets in nothing that is not named', () => {
    expect(directives.get('default-src')).toEqual(["'none'"]);
    expect([...directives.keys()]).toEqual([
      'default-src',
      'style-src',
      'style-src-attr',
      'font-src',
      'script-src',
    ]);
  });

  test('runs the one script with the nonce, and no other', () => {
    expect(directives.get('script-src')).toEqual(["'nonce-once'"]);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain('<script nonce="once" src="s.js">');
  });

  test('takes styles and fonts from the extension alone', () => {
    expect(directives.get('style-src')).toEqual(['https://own.example']);
    expect(directives.get('font-src')).toEqual(['https://own.example']);
  });
});

test('the page has the elements that the script and the tests reach for, each with a name to be read out', () => {
  for (const part of [
    '<textarea id="question"',
    '<button id="send"',
    '<button id="stop"',
    '<button id="begin"',
  ]) {
    expect(page).toContain(part);
  }
  expect(page).toMatch(/<textarea id="question"[^>]*aria-label=/);
  expect(page).toMatch(/id="announcement"[^>]*aria-live="polite"/);
});

describe('a link is opened', () => {
  test.each([['https://a.example/b?c#d'], ['http://a.example/']])('when it is %s', (url) => {
    expect(webAddress(url)).toBe(url);
  });

  test.each([
    ['javascript:alert(1)'],
    ['command:workbench.action.quit'],
    ['file:///etc/passwd'],
    ['vscode://x/y'],
    ['/relative'],
    ['//a.example'],
    [''],
  ])('and not when it is %s', (url) => {
    expect(webAddress(url)).toBeUndefined();
  });
});
