/** Which files of a workspace stand for it: spread over its folders and languages, the same ones every time. */

/** Files that people write and experts go on with; data, generated files and secrets are not among them. */
const written =
  'c cc cpp cs css dart ex exs fs go h hpp hs html java jl js jsx kt lua m md mjs ml mts php pl ps1 py r rb rs rst scala scss sh sql svelte swift tex ts tsx txt vue zig';

export const SAMPLED_FILES = `**/*.{${written.replaceAll(' ', ',')}}`;
/** Folders of what others wrote, or a program. */
export const SKIPPED_FOLDERS =
  '**/{.*,node_modules,bower_components,dist,build,out,target,vendor,venv,__pycache__,coverage,third_party,site-packages}/**';
/** Made by programs, whatever their ending. */
const generated =
  /([.-]min\.|\.generated\.|\.d\.ts$|_pb2\.py$|(^|\/)(package-lock|CHANGELOG|LICENSE)[^/]*$)/i;

/**
 * At most `most` of the paths: one folder after the other, and in each folder one language after the other, both in an
 * order that has nothing to do with their names' first letters and does not change from one time to the next.
 */
export function chooseFiles(paths: readonly string[], most: number): string[] {
  const folders = new Map<string, Map<string, string[]>>();
  for (const path of inOrder([...new Set(paths)].filter((one) => !generated.test(one)))) {
    const languages = entry(folders, path.slice(0, path.lastIndexOf('/')), () => new Map<string, string[]>());
    entry(languages, path.slice(path.lastIndexOf('.') + 1).toLowerCase(), () => []).push(path);
  }
  const queues = inOrder([...folders.keys()]).map((folder) =>
    alternating([...(folders.get(folder)?.values() ?? [])]),
  );
  return alternating(queues).slice(0, most);
}

/** The middle of a text, from a line's beginning to a line's end: its head is imports and licences in most files. */
export function excerptOf(text: string, most: number): string {
  if (text.length <= most) return text;
  const from = text.indexOf('\n', Math.floor((text.length - most) / 2)) + 1;
  const to = text.lastIndexOf('\n', from + most) + 1;
  return to > from ? text.slice(from, to) : text.slice(0, most);
}

/** One of each list in turn. */
function alternating(lists: readonly (readonly string[])[]): string[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}

function inOrder(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, at: hash(name) }))
    .sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
