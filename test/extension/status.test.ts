import { describe, expect, it } from 'vitest';
import type { EngineSnapshot, EngineState } from '../../src/extension/engine-client.ts';
import { describeRow, detailsOf, expertRows } from '../../src/extension/expert-rows.ts';
import { mixtureOf } from '../../src/extension/experts.ts';
import { escapeMarkdown } from '../../src/extension/markdown.ts';
import { checkSettings } from '../../src/extension/setting-rules.ts';
import { type StatusInput, statusText } from '../../src/extension/status-text.ts';
import type { ExpertState } from '../../src/protocol/engine.ts';

const places = { extensionPath: '/ext', cache: '/cache', hasTinyBase: false };
const { mix } = mixtureOf(places, checkSettings(() => undefined).values);
const ready: ExpertState = { kind: 'ready', device: 'CPU', memoryBytes: 22_400_000, precision: 'q4' };
const failed: ExpertState = {
  kind: 'failed',
  failure: { code: 'file-missing', message: 'The file model.onnx is missing.' },
};

function snapshot(state: EngineState, code?: ExpertState): EngineSnapshot {
  return { state, experts: code === undefined ? [] : [{ id: 'pocket/code', state: code }] };
}

describe('an expert in the tree', () => {
  it.each<[string, ExpertState | undefined, string]>([
    ['not loaded yet', undefined, 'loads when needed, weight 1'],
    ['loading', { kind: 'loading', progress: 0.4 }, 'loading 40 %, weight 1'],
    ['converted', { kind: 'loading', progress: 0.409, stage: 'converting' }, 'converting 40 %, weight 1'],
    ['ready', ready, 'ready, CPU, 22 MB, weight 1'],
    ['failed', failed, 'failed, weight 1'],
    ['unloaded', { kind: 'unloaded' }, 'unloaded while it was not used, loads when needed, weight 1'],
  ])('%s', (_name, state, expected) => {
    const row = expertRows(mix, snapshot({ kind: 'ready' }, state)).find(({ name }) => name === 'code');
    expect(row && describeRow(row)).toBe(expected);
  });

  it('has two weights where they are not the same everywhere', () => {
    const surfaces = { completion: { weights: { 'pocket/code': 0.5 } } };
    const [, code, math] = expertRows({ ...mix, surfaces }, snapshot({ kind: 'ready' }, ready));
    expect(code && describeRow(code)).toBe('ready, CPU, 22 MB, weight 0.5 in completions, 1 in the chat');
    expect(math && describeRow(math)).toBe('loads when needed, weight 1');
  });

  it('is off when it takes no part', () => {
    const row = expertRows(mix, snapshot({ kind: 'idle' })).find(({ name }) => name === 'general');
    expect(row && describeRow(row)).toBe('off');
  });

  it('says why it runs where it runs, where there is a reason', () => {
    const fallen: ExpertState = { ...ready, deviceReason: 'WebGPU found no adapter' };
    const details = (state: ExpertState) =>
      expertRows(mix, snapshot({ kind: 'ready' }, state))
        .map(detailsOf)
        .join();
    expect(details(fallen)).toContain(escapeMarkdown('Runs on CPU: WebGPU found no adapter'));
    expect(details(ready)).not.toContain('Runs on');
  });

  it('says why it failed', () => {
    const row = expertRows(mix, snapshot({ kind: 'ready' }, failed)).find(({ name }) => name === 'code');
    expect(row && detailsOf(row)).toContain(escapeMarkdown('The file model.onnx is missing.'));
  });
});

describe('the status bar', () => {
  const status = (more: Partial<StatusInput> & { state?: EngineState; code?: ExpertState } = {}) => {
    const seen = snapshot(more.state ?? { kind: 'ready' }, more.code);
    const input = {
      snapshot: seen,
      rows: expertRows(mix, seen),
      completionsOn: true,
      snoozedUntil: undefined,
      problems: [],
      newest: undefined,
    };
    return statusText({ ...input, ...more });
  };

  it('says until when suggestions are snoozed', () => {
    const { text, paragraphs } = status({ code: ready, snoozedUntil: '14:05' });
    expect(text).toBe('$(layers) code + math (snoozed until 14:05)');
    expect(paragraphs.join(' ')).toContain('Suggestions are snoozed until 14:05.');
    expect(status({ code: ready }).text).not.toContain('snoozed');
  });

  it('names the experts that take part', () => {
    expect(status({ code: ready })).toMatchObject({ text: '$(layers) code + math', severity: 'normal' });
    expect(status({ state: { kind: 'idle' } }).paragraphs[0]).toBe(
      'The engine starts with your first request.',
    );
    expect(status({ rows: [] })).toMatchObject({ text: '$(layers) no expert', severity: 'warning' });
  });

  it('shows that it is busy', () => {
    expect(status({ state: { kind: 'starting' } }).text).toBe('$(loading~spin) code + math');
    expect(status({ code: { kind: 'loading', progress: 0.1 } }).text).toBe('$(loading~spin) code + math');
    const converting = { kind: 'loading', progress: 0.4, stage: 'converting' } as const;
    expect(status({ code: converting }).text).toBe('$(loading~spin) code + math (converting 40 %)');
    expect(status({ code: { ...converting, stage: 'loading' } }).text).toBe('$(loading~spin) code + math');
  });

  it('says that completions are off', () => {
    expect(status({ completionsOn: false }).text).toBe('$(layers) code + math (chat only)');
  });

  it('explains a crash, a failed expert, a bad setting and a failed request', () => {
    const message = 'The engine stopped unexpectedly (signal SIGKILL). It restarts with your next request.';
    const crash = { code: 'engine-exited', message } as const;
    expect(status({ state: { kind: 'restarting', failure: crash } })).toMatchObject({
      text: '$(warning) code + math',
    });
    expect(status({ state: { kind: 'failed', failure: crash } }).severity).toBe('error');
    expect(status({ code: failed })).toMatchObject({ text: '$(warning) code + math', severity: 'error' });
    expect(status({ code: failed }).paragraphs).toContain('The file model.onnx is missing.');
    expect(status({ problems: ['The setting is wrong.'] })).toMatchObject({ severity: 'warning' });
    const newest = { kind: 'failed', code: 'context-full', message: 'The prompt is too long.' } as const;
    expect(status({ newest }).paragraphs).toContain('The prompt is too long.');
  });

  it('says where the last suggestion was mixed by bytes, and only there', () => {
    const shown = { kind: 'shown', chars: 3, lines: 1, from: 'bytes' } as const;
    expect(status({ newest: shown }).paragraphs.join(' ')).toMatch(/different vocabularies.*byte by byte/);
    expect(status({ newest: { ...shown, from: 'engine' } }).paragraphs.join(' ')).not.toMatch(/byte/);
  });

  it('forgets a crash when the engine is back', () => {
    const newest = { kind: 'failed', code: 'engine-exited', message: 'The engine stopped.' } as const;
    expect(status({ newest, code: ready })).toMatchObject({ severity: 'normal' });
  });

  it('lets no Markdown and no icon out of a message', () => {
    expect(escapeMarkdown('a_b [x](y) $(error) <b>')).toBe('a\\_b \\[x\\]\\(y\\) \\$\\(error\\) \\<b\\>');
  });
});
