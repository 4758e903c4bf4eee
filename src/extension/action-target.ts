/** Which text an action is about: what is selected, else the function or class around the cursor, else the lines around it. */

import * as vscode from 'vscode';
import { paragraphAt } from './check-steps.ts';

export interface ActionTarget {
  readonly document: vscode.TextDocument;
  /** Whole lines. */
  readonly range: vscode.Range;
  /** Of the document, when the range was asked for. */
  readonly version: number;
}

const { Function: Func, Method, Constructor, Class, Struct, Interface, Enum } = vscode.SymbolKind;
const wholes: readonly vscode.SymbolKind[] = [Func, Method, Constructor, Class, Struct, Interface, Enum];

/** Undefined where there is no text. */
export async function actionTarget(
  document: vscode.TextDocument,
  range: vscode.Range,
): Promise<ActionTarget | undefined> {
  const { version } = document;
  const chosen = range.isEmpty ? await around(document, range.start) : range;
  const lines = wholeLines(document, chosen);
  return document.getText(lines).trim() === '' ? undefined : { document, range: lines, version };
}

async function around(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Range> {
  const found = await vscode.commands.executeCommand<(vscode.DocumentSymbol | vscode.SymbolInformation)[]>(
    'vscode.executeDocumentSymbolProvider',
    document.uri,
  );
  return innermost(found ?? [], position) ?? paragraphAt(document, position);
}

function innermost(
  symbols: readonly (vscode.DocumentSymbol | vscode.SymbolInformation)[],
  position: vscode.Position,
): vscode.Range | undefined {
  for (const symbol of symbols) {
    const range = 'range' in symbol ? symbol.range : symbol.location.range;
    if (!range.contains(position)) continue;
    const inner = 'children' in symbol ? innermost(symbol.children, position) : undefined;
    if (inner !== undefined) return inner;
    if (wholes.includes(symbol.kind)) return range;
  }
  return undefined;
}

/** A selection that ends at the margin does not mean the line that begins there. */
function wholeLines(document: vscode.TextDocument, { start, end }: vscode.Range): vscode.Range {
  const last = end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
  return new vscode.Range(start.line, 0, last, document.lineAt(last).text.length);
}

/** What the editor found wrong there. */
export function problemsIn({ document, range }: ActionTarget): string[] {
  return vscode.languages
    .getDiagnostics(document.uri)
    .filter((problem) => problem.range.intersection(range) !== undefined)
    .toSorted((one, other) => one.severity - other.severity)
    .slice(0, 5)
    .map(
      ({ message, range: { start } }) =>
        `line ${start.line - range.start.line + 1}: ${message.slice(0, 200)}`,
    );
}
