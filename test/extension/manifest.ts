import { readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const read = (file: string) => JSON.parse(readFileSync(new URL(file, root), 'utf8'));

/** package.json as the editor reads it in English. */
export const manifest = resolved(read('package.json'), read('package.nls.json'));

/** With its words in place of their keys, as the editor does it; throws where one has none. */
export function resolved(manifest: unknown, words: Readonly<Record<string, string>>) {
  return JSON.parse(JSON.stringify(manifest), (_, value: unknown) => {
    const key = typeof value === 'string' ? /^%(.+)%$/.exec(value)?.[1] : undefined;
    if (key === undefined) return value;
    const word = words[key];
    if (word === undefined) throw new Error(`The manifest names the words ${key}, which are not there.`);
    return word;
  });
}
