import { describe, expect, it } from 'vitest';
import { droppedPaths } from '../../src/extension/dropped.ts';

const parse = (address: string) => ({
  scheme: new URL(address).protocol.slice(0, -1),
  fsPath: decodeURIComponent(new URL(address).pathname),
});
type Item = readonly [string, { readonly text?: string; readonly file?: { readonly path?: string } }];

async function dropped(...items: readonly Item[]) {
  const all = items.map(([type, { text = '', file }]): [string, never] => [
    type,
    {
      asString: async () => text,
      asFile: () =>
        file && {
          name: 'x',
          ...(file.path && { uri: { scheme: 'file', fsPath: file.path } }),
          data: async () => {},
        },
    } as never,
  ]);
  return droppedPaths(
    { get: (type) => new Map(all).get(type), [Symbol.iterator]: () => all[Symbol.iterator]() as never },
    parse,
  );
}

describe('what is dropped', () => {
  it('from the Explorer is a list of addresses', async () => {
    const text = '# models\r\nfile:///m/a%20b\r\nfile:///m/c.gguf\r\nfile:///m/c.gguf\r\n';
    expect(await dropped(['text/uri-list', { text }])).toEqual({ paths: ['/m/a b', '/m/c.gguf'], others: 0 });
  });

  it('from the system is a file with a path, or in both forms, once', async () => {
    expect(await dropped(['application/x', { file: { path: '/m/a.gguf' } }])).toEqual({
      paths: ['/m/a.gguf'],
      others: 0,
    });
    expect(
      await dropped(
        ['text/uri-list', { text: 'file:///m/a.gguf' }],
        ['application/x', { file: { path: '/m/a.gguf' } }],
      ),
    ).toEqual({ paths: ['/m/a.gguf'], others: 0 });
  });

  it('without a path on the disk is counted', async () => {
    expect(await dropped(['application/x', { file: {} }])).toEqual({ paths: [], others: 1 });
    expect(await dropped(['text/uri-list', { text: 'vscode-vfs://github/a' }])).toEqual({
      paths: [],
      others: 1,
    });
    expect(await dropped(['text/plain', { text: 'hello' }])).toEqual({ paths: [], others: 0 });
  });
});
