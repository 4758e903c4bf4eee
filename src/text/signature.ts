/** What a file imports, and what a declaration looks like from outside: by lines, for languages written like TypeScript or Python. */

export interface ImportedName {
  readonly name: string;
  /** Where it stands, both from 0. */
  readonly line: number;
  readonly character: number;
}

const MOST_LINES_READ = 200;
const MOST_NAMES = 24;
/** A longer declaration is cut. */
const MOST_LINES = 14;

const importing =
  /^\s*(?:import|from|export\s+\{|use|using|#include|const\s+\{[^}]*\}\s*=\s*require|\}\s*from)\b|^\s*\}\s*from\s/;
/** Words of imports that name nothing. */
const keywords = new Set([
  'import',
  'from',
  'as',
  'type',
  'export',
  'const',
  'require',
  'use',
  'using',
  'include',
  'default',
]);

/** The names in the import statements at the head of a file; those of a list over several lines too. */
export function importedNames(lines: readonly string[]): ImportedName[] {
  const names: ImportedName[] = [];
  let isInside = false;
  for (const [line, text] of lines.slice(0, MOST_LINES_READ).entries()) {
    if (!isInside && !importing.test(text)) continue;
    const opens =
      text.lastIndexOf('{') > text.lastIndexOf('}') || text.lastIndexOf('(') > text.lastIndexOf(')');
    const closes = /[})]/.test(text);
    isInside = opens || (isInside && !closes);
    // What is quoted is a path; the module that Python names after `from` is none of the names.
    const spoken = text
      .replace(/(['"`]).*?\1/g, (quoted) => ' '.repeat(quoted.length))
      .replace(/^\s*from\s+\S+/, (head) => ' '.repeat(head.length));
    for (const match of spoken.matchAll(/[\p{L}_$][\p{L}\p{N}_$]*/gu)) {
      if (keywords.has(match[0])) continue;
      names.push({ name: match[0], line, character: match.index });
      if (names.length === MOST_NAMES) return names;
    }
  }
  return names;
}

/** The declaration that begins in `lines[at]`, without its body; an interface, a type or an enumeration whole where it is short. */
export function signatureAt(lines: readonly string[], at: number): string {
  const head = lines[at] ?? '';
  const isShape = /\b(?:interface|type|enum|struct|trait|protocol)\b/.test(head);
  const taken: string[] = [];
  for (const line of lines.slice(at, at + MOST_LINES)) {
    taken.push(line);
    const ends = isShape
      ? /^\S*[})];?\s*$|;\s*$/.test(line) && !(/^\s/.test(line) && isOpen(taken))
      : /(?:[{:;]|=>)\s*$/.test(line);
    if (ends) break;
  }
  const text = taken.join('\n');
  return isShape ? text : text.replace(/\s*\{\s*$/, ';');
}

function isOpen(lines: readonly string[]): boolean {
  const text = lines.join('');
  return text.split('{').length > text.split('}').length;
}
