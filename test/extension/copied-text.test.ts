import { describe, expect, it } from 'vitest';
import { copiedText, type TextClipboard } from '../../src/extension/copied-text.ts';

function clipboardWith(text: string, { isReadable = true, isWritable = true } = {}) {
  let now = text;
  const written: string[] = [];
  const clipboard: TextClipboard = {
    readText: async () => (isReadable ? now : ''),
    writeText: async (next) => {
      written.push(next);
      if (isWritable) now = next;
    },
  };
  const copies = (copied: string) => async (): Promise<void> => {
    if (copied !== '') now = copied;
  };
  return { clipboard, copies, written, now: () => now };
}

describe('the text that a command copies', () => {
  it.each([
    ['mine', 'selected'],
    ['mine', 'mine'],
    ['mine', ''],
    ['', 'selected'],
    ['', ''],
  ])('over %j is %j, and the clipboard is as before', async (before, copied) => {
    const { clipboard, copies, now } = clipboardWith(before);
    expect(await copiedText(clipboard, copies(copied))).toBe(copied);
    expect(now()).toBe(before);
  });

  it('is not taken over a clipboard that cannot be read', async () => {
    const { clipboard, copies, written, now } = clipboardWith('mine', { isReadable: false });
    expect(await copiedText(clipboard, copies(''))).toBe('');
    expect(written).toEqual([]);
    expect(now()).toBe('mine');
  });

  it('is not guessed where the clipboard keeps nothing', async () => {
    const { clipboard, copies } = clipboardWith('mine', { isWritable: false });
    await expect(copiedText(clipboard, copies(''))).rejects.toThrow('clipboard');
  });

  it('fails with the command, and the clipboard is as before', async () => {
    const { clipboard, now } = clipboardWith('mine');
    await expect(copiedText(clipboard, () => Promise.reject(new Error('No.')))).rejects.toThrow('No.');
    expect(now()).toBe('mine');
  });
});
