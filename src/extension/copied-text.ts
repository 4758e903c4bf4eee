/** What a command copies, read through the clipboard, whose text is put back whatever fails. */

export interface TextClipboard {
  readText(): PromiseLike<string>;
  writeText(text: string): PromiseLike<void>;
}

/**
 * Empty where `copy` copied nothing. Rejects where the clipboard or `copy` does.
 * A clipboard that may not be read reads as empty in some editors: one that reads as empty is not written to before something was read
 * from it.
 */
export async function copiedText(
  clipboard: TextClipboard,
  copy: () => PromiseLike<unknown>,
): Promise<string> {
  const before = await clipboard.readText();
  if (before === '') {
    await copy();
    const copied = await clipboard.readText();
    if (copied !== '') await clipboard.writeText('');
    return copied;
  }
  // Tells a copy of the same text from none.
  const marker = `chorus ${Date.now()}`;
  try {
    await clipboard.writeText(marker);
    if ((await clipboard.readText()) !== marker)
      throw new Error('The clipboard does not keep what is written.');
    await copy();
    const copied = await clipboard.readText();
    return copied === marker ? '' : copied;
  } finally {
    await clipboard.writeText(before);
  }
}
