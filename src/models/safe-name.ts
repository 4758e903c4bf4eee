/** Names of files and folders that are the same file on every system, and never lead out of a folder. */

/** Windows keeps these for devices, with any ending. */
const reserved = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

const MOST_CHARACTERS = 120;
const MOST_PARTS = 6;

/** One part of a path: letters, digits, `.`, `_`, `+` and `-`; it neither begins nor ends with a dot. */
export function isSafeName(name: string): boolean {
  if (name.length > MOST_CHARACTERS || reserved.test(name)) return false;
  return /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/.test(name) && !name.endsWith('.');
}

/** A path of such parts with `/` between them, relative to a folder. */
export function isSafePath(path: string): boolean {
  const parts = path.split('/');
  return parts.length <= MOST_PARTS && parts.every(isSafeName);
}
