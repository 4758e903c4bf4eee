// What Chorus does on the editor's own surfaces, with as much of the editor as it meets there.
import { beforeEach, expect, it, vi } from 'vitest';
import type { CompletionSession } from '../../src/extension/completion-session.ts';
import type { NativeModel } from '../../src/extension/native-models.ts';
import type { SuggestionUse } from '../../src/extension/suggestion-use.ts';

const editor = vi.hoisted(() => ({
  /** How often the editor was told that there are other models. */
  told: 0,
  ghostText: undefined as unknown,
}));
vi.mock('vscode', () => {
  class Disposable {
    static from = () => new Disposable();
    dispose() {}
  }
  class EventEmitter {
    readonly #listeners: (() => void)[] = [];
    event = (listener: () => void) => void this.#listeners.push(listener);
    fire = () => {
      for (const listener of this.#listeners) listener();
    };
    dispose() {}
  }
  const nothing = () => new Disposable();
  return {
    Disposable,
    EventEmitter,
    InlineCompletionTriggerKind: { Invoke: 0, Automatic: 1 },
    Range: class {},
    commands: { registerCommand: nothing },
    workspace: { onDidChangeTextDocument: nothing, getWorkspaceFolder: () => undefined },
    languages: {
      registerInlineCompletionItemProvider(_selector: unknown, provider: unknown) {
        editor.ghostText = provider;
        return new Disposable();
      },
    },
    lm: {
      registerLanguageModelChatProvider(
        _vendor: string,
        provider: { onDidChangeLanguageModelChatInformation(listener: () => void): void },
      ) {
        provider.onDidChangeLanguageModelChatInformation(() => editor.told++);
        return new Disposable();
      },
    },
  };
});

const { registerModelProvider } = await import('../../src/extension/model-provider.ts');
const { registerInlineCompletions } = await import('../../src/extension/inline-completions.ts');

beforeEach(() => {
  editor.told = 0;
});

it('tells the editor of its models at once, and again only when there are others', () => {
  const one: NativeModel = {
    id: 'present',
    name: 'Chorus',
    detail: 'math',
    experts: ['math'],
    mix: undefined,
  };
  let models = [one];
  let change = () => {};
  const unasked = () => Promise.reject(new Error('Nobody asked.'));
  registerModelProvider({
    generate: unasked,
    count: unasked,
    chatSettings: () => ({ maxTokens: 64, temperature: 0, systemPrompt: '', route: 'never' }),
    models: () => models,
    rows: () => [],
    onDidChange: (listener) => {
      change = () => listener(undefined);
      return { dispose() {} };
    },
    version: '1.0.0',
  });
  expect(editor.told).toBe(1);
  change();
  expect(editor.told).toBe(1);
  models = [one, { ...one, id: 'expert/math', name: 'Chorus: math alone' }];
  change();
  expect(editor.told).toBe(2);
});

it("suggests nothing where a question to the editor's own chat is typed", async () => {
  const asked: string[] = [];
  const session = {
    suggest: async ({ path }: { readonly path: string }) => {
      asked.push(path);
      return [];
    },
  } as unknown as CompletionSession;
  registerInlineCompletions({ session, use: {} as SuggestionUse, chunksFor: () => [], experts: () => [] });
  const provider = editor.ghostText as {
    provideInlineCompletionItems(...given: readonly unknown[]): Promise<unknown>;
  };
  const typeIn = (scheme: string) =>
    provider.provideInlineCompletionItems(
      {
        uri: { scheme, path: `/${scheme}`, toString: () => scheme },
        languageId: 'plaintext',
        getText: () => '',
      },
      { line: 0, character: 0 },
      { triggerKind: 1, selectedCompletionInfo: undefined },
      { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) },
    );
  for (const scheme of ['chatSessionInput', 'file', 'sessions-chat', 'untitled']) await typeIn(scheme);
  expect(asked).toEqual(['/file', '/untitled']);
});
