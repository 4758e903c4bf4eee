import { describe, expect, it } from 'vitest';
import { connectionsText } from '../../src/extension/connections-text.ts';
import { hubTokenOf, isToken } from '../../src/extension/kept-token.ts';

describe('the token of a hub', () => {
  it('is taken from what was kept only where it is one', () => {
    const token = { origin: 'https://hub.example', value: 'hf_abc' };
    expect(hubTokenOf(JSON.stringify(token))).toEqual(token);
    expect(hubTokenOf(JSON.stringify({ ...token, more: 1 }))).toEqual(token);
    for (const kept of [undefined, '', '{', 'null', '{}', '{"origin":"o"}', '{"origin":1,"value":"a"}'])
      expect(hubTokenOf(kept)).toBeUndefined();
    // It would end the header, and begin another.
    expect(hubTokenOf(JSON.stringify({ ...token, value: 'a\r\nHost: x' }))).toBeUndefined();
  });

  it('has no blanks and an end', () => {
    expect(['hf_aZ09-._', 'x'].every(isToken)).toBe(true);
    expect(['', ' ', 'a b', 'a\n', 'ä', 'x'.repeat(501)].some(isToken)).toBe(false);
  });
});

describe('the document of connections', () => {
  it('has every line, says where they are kept, and whether offline is on', () => {
    const text = connectionsText(['one', 'two'], false, '/c/connections.jsonl');
    expect(text).toMatch(/\/c\/connections\.jsonl\nOffline is off\..*\n\none\ntwo\n$/);
    expect(connectionsText([], true, '/c')).toMatch(/Offline is on .*\n\nThere was none yet\.\n$/);
  });
});
