import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

type Listener = (event: unknown) => void;

/** The parts of the editor that are followed, to tell events by hand. */
const editor = vi.hoisted(() => {
  const listeners: Record<string, Listener[]> = {};
  const on =
    (name: string) =>
    (listener: Listener): { dispose(): void } => {
      listeners[name] = [...(listeners[name] ?? []), listener];
      return { dispose: () => {} };
    };
  return { listeners, on, visible: [] as unknown[] };
});
vi.mock('vscode', () => ({
  Range: class {},
  Disposable: { from: () => ({ dispose: () => {} }) },
  window: {
    activeTextEditor: undefined,
    get visibleTextEditors() {
      return editor.visible;
    },
    onDidChangeActiveTextEditor: editor.on('active'),
    onDidChangeTextEditorSelection: editor.on('selection'),
  },
  workspace: {
    onDidSaveTextDocument: editor.on('save'),
    getWorkspaceFolder: () => undefined,
  },
}));

const { followRecentFiles } = await import('../../src/extension/recent-files.ts');

const tell = (name: string, event: unknown): void => {
  for (const listener of editor.listeners[name] ?? []) listener(event);
};
const documentAt = (path: string, text: string) => ({
  uri: { scheme: 'file', path, toString: () => `file://${path}` },
  getText: () => text,
});

describe('pieces of other files', () => {
  let isWanted = true;
  let secret = '';
  let recent: ReturnType<typeof followRecentFiles>;
  const here = documentAt('/w/here.ts', 'here') as never;
  const other = documentAt('/w/other.ts', 'const other = 1;');
  const edit = (): void => {
    tell('selection', { textEditor: { document: other }, selections: [{ active: { line: 3 } }] });
    tell('save', other);
  };
  const texts = (): string[] => recent.besides(here).map(({ text }) => text);

  beforeEach(() => {
    [isWanted, secret, editor.visible] = [true, '', []];
    recent = followRecentFiles({ isWanted: () => isWanted, mayShow: (path) => path !== secret });
  });
  afterEach(() => {
    for (const name of Object.keys(editor.listeners)) editor.listeners[name] = [];
  });

  it('are kept where the user edited', () => {
    edit();
    expect(texts()).toEqual(['const other = 1;']);
  });

  it('are not followed while nobody wants them, and go when they are forgotten', () => {
    isWanted = false;
    edit();
    isWanted = true;
    expect(texts()).toEqual([]);
    // Nor is it known where the user was.
    tell('save', other);
    expect(texts()).toEqual([]);
    edit();
    recent.forget();
    expect(texts()).toEqual([]);
  });

  it('are not shown any more once their file is a secret one', () => {
    edit();
    secret = '/w/other.ts';
    expect(texts()).toEqual([]);
    editor.visible = [{ document: other, visibleRanges: [] }];
    expect(texts()).toEqual([]);
    secret = '';
    expect(texts()).toEqual(['const other = 1;']);
  });
});
