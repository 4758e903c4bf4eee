/** The files and folders that were dropped onto the Experts view, from the Explorer or from the system. */

import type * as vscode from 'vscode';

export const dropTypes = ['text/uri-list', 'files'] as const;

/** What is needed of an address. */
interface Place {
  readonly scheme: string;
  readonly fsPath: string;
}

export interface Dropped {
  /** Paths on the disk. */
  readonly paths: readonly string[];
  /** How many of what was dropped have none: a browser gives away no paths. */
  readonly others: number;
}

export async function droppedPaths(
  transfer: Pick<vscode.DataTransfer, 'get' | typeof Symbol.iterator>,
  parse: (address: string) => Place,
): Promise<Dropped> {
  const list = (await transfer.get('text/uri-list')?.asString()) ?? '';
  const places = addressesIn(list).map((address) => parse(address));
  const files = [...transfer].flatMap(([, item]) => item.asFile() ?? []);
  // A file of the system may be in both.
  const all = places.length > 0 ? places : files.map(({ uri }) => uri);
  const paths = all.flatMap((place) => (place?.scheme === 'file' ? [place.fsPath] : []));
  return { paths: [...new Set(paths)], others: all.length - paths.length };
}

/** Of a list as RFC 2483 has it: one in a line, with comments. */
function addressesIn(list: string): string[] {
  return list
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
