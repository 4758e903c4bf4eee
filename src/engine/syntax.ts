/**
 * Counts what does not parse, by tree-sitter: it goes on after an error, so that one mistake is one mistake. Loaded when it is
 * first wanted; the grammars are WebAssembly files beside the programs.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Language, type Node, Parser, type Tree } from '@vscode/tree-sitter-wasm';

export type SyntaxLanguage = 'typescript' | 'tsx' | 'python';

export interface Syntax {
  /** Errors and missing pieces in the code, whatever comes before and after it in its file left out. */
  faults(code: string, language: SyntaxLanguage): Promise<number>;
  /**
   * Where the innermost block that is open at `from` is closed in `code`: the offset behind what closes it. Undefined while it is open,
   * and where there is none. Offsets in UTF-16 units.
   */
  blockEnd(code: string, from: number, language: SyntaxLanguage): Promise<number | undefined>;
}

const languages = new Map<string, SyntaxLanguage>([
  ...['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'typescript', 'javascript'].map(
    (name) => [name, 'typescript'] as const,
  ),
  ...['tsx', 'jsx'].map((name) => [name, 'tsx'] as const),
  ...['py', 'pyi', 'python'].map((name) => [name, 'python'] as const),
]);

/** By the end of a file's name, or by the name of a language; undefined where there is no grammar for it. */
export function syntaxLanguage(name: string): SyntaxLanguage | undefined {
  return languages.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase());
}

/** @param programs the folder with the grammars, dist/. What could not be loaded is tried again when it is next wanted. */
export function createSyntax(programs: string): Syntax {
  const started = keptOnceDone(() => Parser.init({ locateFile: (file: string) => join(programs, file) }));
  const parserOf = (language: SyntaxLanguage) =>
    keptOnceDone(async () => {
      await started();
      const parser = new Parser();
      parser.setLanguage(await Language.load(await readFile(join(programs, `tree-sitter-${language}.wasm`))));
      return parser;
    });
  const parsers = {
    typescript: parserOf('typescript'),
    tsx: parserOf('tsx'),
    python: parserOf('python'),
  } satisfies Record<SyntaxLanguage, unknown>;

  /** What `look` finds in the code's tree, which is freed after it; undefined where the code is not parsed. */
  const inTree = async <T>(
    code: string,
    language: SyntaxLanguage,
    look: (tree: Tree) => T,
  ): Promise<T | undefined> => {
    const parser = await parsers[language]();
    const tree = parser.parse(code);
    if (tree === null) return undefined;
    try {
      return look(tree);
    } finally {
      tree.delete();
    }
  };

  return {
    faults: async (code, language) =>
      (await inTree(code, language, (tree) => (tree.rootNode.hasError ? count(tree) : 0))) ?? 0,
    blockEnd: (code, from, language) => inTree(code, language, (tree) => closedBlock(tree, from)?.endIndex),
  };
}

const closers = new Set(['}', ']', ')', '/>', '>']);

/** The smallest node that began with a bracket before `from`, if what closes it is there. */
function closedBlock(tree: Tree, from: number): Node | undefined {
  for (let node = tree.rootNode.descendantForIndex(from); node !== null; node = node.parent) {
    const opener = node.firstChild;
    if (opener === null || !/^[{[(]$/.test(opener.type) || opener.endIndex > from) continue;
    const closer = node.lastChild;
    const isClosed =
      closer !== null && closers.has(closer.type) && !closer.isMissing && closer.startIndex >= from;
    return isClosed && !node.isError ? node : undefined;
  }
  return undefined;
}

/** `work` is done once for all who ask; but one that failed is done again for the next. */
function keptOnceDone<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    begun ??= work().catch((thrown: unknown) => {
      begun = undefined;
      throw thrown;
    });
    return begun;
  };
}

function count(tree: Tree): number {
  const cursor = tree.walk();
  let faults = 0;
  try {
    for (let down = true; ; ) {
      if (down && (cursor.currentNode.isError || cursor.nodeIsMissing)) faults++;
      if (down && cursor.gotoFirstChild()) continue;
      down = cursor.gotoNextSibling();
      if (!down && !cursor.gotoParent()) return faults;
    }
  } finally {
    cursor.delete();
  }
}
