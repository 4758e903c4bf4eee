import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Generated, GenerateOutcome, GenerateRequest } from '../../src/protocol/engine.ts';

/** As much of the editor as an action meets: what it says, its active editor, and the participant that was made. */
const editor = vi.hoisted(() => ({
  said: [] as string[],
  active: undefined as unknown,
  participant: undefined as unknown,
}));
vi.mock('vscode', () => {
  class Uri {
    readonly path: string;
    constructor(path: string) {
      this.path = path;
    }
    toString = () => `file://${this.path}`;
  }
  const start = { line: 0, character: 0 };
  class Range {
    readonly isEmpty = false;
    readonly start = start;
    readonly end = { line: 0, character: 9 };
  }
  const say = async (text: string) => void editor.said.push(text);
  const withProgress = async (_options: unknown, task: (...given: unknown[]) => unknown) =>
    task({ report: () => {} }, { onCancellationRequested: () => {} });
  return {
    Uri,
    Range,
    Location: class {},
    SymbolKind: {},
    ProgressLocation: {},
    languages: { getDiagnostics: () => [] },
    window: {
      get activeTextEditor() {
        return editor.active;
      },
      showInformationMessage: say,
      showWarningMessage: say,
      showErrorMessage: say,
      withProgress,
    },
    workspace: {
      openTextDocument: async () => (editor.active as { document: unknown }).document,
    },
    chat: {
      createChatParticipant(_id: string, handler: unknown) {
        editor.participant = handler;
        return {};
      },
    },
  };
});

const { Range, Uri } = await import('vscode');
const { createEditorActions } = await import('../../src/extension/editor-actions.ts');
const { continueDerivation } = await import('../../src/extension/continue-derivation.ts');
const { registerParticipant } = await import('../../src/extension/chat-participant.ts');
const { createRefusal } = await import('../../src/extension/refusal.ts');
const { secretFiles } = await import('../../src/extension/secret-files.ts');

const key = `k = 'ghp_${'a1B2'.repeat(9)}'`;

/** The user's text in the active editor, all of it selected, and what each of the three does with it. */
function asked(path: string, text: string, onGenerate: (document: { version: number }) => void = () => {}) {
  const document = {
    uri: new (Uri as unknown as new (path: string) => object)(path),
    version: 1,
    isClosed: false,
    languageId: 'python',
    getText: () => text,
    lineAt: () => ({ text }),
    offsetAt: ({ character }: { character: number }) => character,
    positionAt: (character: number) => ({ line: 0, character }),
  };
  editor.active = { document, selection: new Range(0, 0, 0, 9) };
  const requests: GenerateRequest[] = [];
  const proposed: string[] = [];
  const dependencies = {
    refusalOf: createRefusal(secretFiles(['.env'])),
    budget: () => 1000,
    chatSettings: () => ({ maxTokens: 9, temperature: 0, systemPrompt: '', route: 'never' as const }),
    chat: { ask: async (prompt: string) => void proposed.push(prompt) },
    maths: { ask: async () => ({ kind: 'failed' as const, why: 'None.' }) },
    icon: {} as never,
    proposals: {
      showProposal: async (proposal: { text: string }) => {
        proposed.push(proposal.text);
        return 'accepted' as const;
      },
    },
    async generate(request: GenerateRequest): Promise<GenerateOutcome> {
      requests.push(request);
      onGenerate(document);
      const written = request.prompt.kind === 'infill' ? 'x = 2' : '```python\nx = 2\n```';
      return {
        kind: 'generated',
        result: { text: written, stop: 'end', shares: [] } as unknown as Generated,
      };
    },
  };
  const reply: string[] = [];
  return {
    requests,
    proposed,
    reply,
    fix: () => createEditorActions(dependencies).run('fix'),
    explain: () => createEditorActions(dependencies).run('explain'),
    step: () => continueDerivation(dependencies),
    async chat() {
      registerParticipant(dependencies);
      const handler = editor.participant as (...given: unknown[]) => Promise<unknown>;
      const response = { markdown: (words: string) => void reply.push(words), progress: () => {} };
      const request = { prompt: 'Why?', command: undefined, references: [{ value: document.uri }] };
      await handler(request, { history: [] }, response, { onCancellationRequested: () => {} });
    },
  };
}

beforeEach(() => {
  editor.said.length = 0;
});

describe('an answer about a text of the editor', () => {
  it.each(['fix', 'step'] as const)('is proposed (%s)', async (name) => {
    const { proposed, ...act } = asked('/w/a.py', '2x = 4');
    await act[name]();
    expect(editor.said).toEqual([]);
    expect(proposed.join()).toContain('x = 2');
  });

  it.each(['fix', 'step'] as const)('is not, where it was edited meanwhile (%s)', async (name) => {
    const { proposed, ...act } = asked('/w/a.py', '2x = 4', (document) => document.version++);
    await act[name]();
    expect(proposed).toEqual([]);
    expect(editor.said.join()).toMatch(/^a\.py was edited meanwhile/);
  });
});

describe('what the experts never get', () => {
  it.each(['fix', 'explain', 'step', 'chat'] as const)('goes to none (%s)', async (name) => {
    for (const [path, text, why] of [
      ['/w/.env', '2x = 4', /secret file/],
      ['/w/a.py', key, /a key or a password/],
    ] as const) {
      const { requests, proposed, reply, ...act } = asked(path, text);
      editor.said.length = 0;
      await act[name]();
      expect([requests, proposed]).toEqual([[], []]);
      expect([...editor.said, ...reply].join()).toMatch(why);
    }
  });

  it('is no other text', async () => {
    const { requests, chat } = asked('/w/a.py', '2x = 4');
    await chat();
    expect(JSON.stringify(requests)).toContain('2x = 4');
  });
});
