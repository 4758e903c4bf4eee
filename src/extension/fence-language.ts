/** The editor's language for the word after a code fence. */

/** What people and models write after a fence, where it is not the editor's own name. */
const NAMES: Readonly<Record<string, string>> = {
  bash: 'shellscript',
  'c#': 'csharp',
  'c++': 'cpp',
  cs: 'csharp',
  golang: 'go',
  js: 'javascript',
  jsx: 'javascriptreact',
  kt: 'kotlin',
  md: 'markdown',
  ps1: 'powershell',
  py: 'python',
  python3: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'shellscript',
  shell: 'shellscript',
  tex: 'latex',
  ts: 'typescript',
  tsx: 'typescriptreact',
  yml: 'yaml',
  zsh: 'shellscript',
};

/** @param known the editor's languages; undefined where the word names none of them */
export function languageOf(word: string, known: readonly string[]): string | undefined {
  const name = word.toLowerCase();
  return [name, NAMES[name]].find((id) => id !== undefined && known.includes(id));
}
