import { describe, expect, it } from 'vitest';
import {
  createTrace,
  type Decision,
  sentenceFor,
  type TraceEntry,
  traceReport,
} from '../../src/extension/trace.ts';

const entry = (decision: Decision, at = 0): TraceEntry => ({
  at,
  languageId: 'typescript',
  trigger: 'typing',
  decision,
  ms: 12.3,
});

const counts = { shown: 5, whole: 2, inPart: 1, characters: 40 };

const decisions: readonly Decision[] = [
  { kind: 'shown', chars: 1, lines: 1, from: 'engine' },
  { kind: 'shown', chars: 1, lines: 1, from: 'bytes' },
  { kind: 'shown', chars: 5, lines: 2, from: 'typed-ahead' },
  { kind: 'shown', chars: 1, lines: 1, from: 'cache' },
  { kind: 'shown', chars: 1, lines: 1, from: 'prefetched' },
  ...(
    [
      'disabled',
      'language-disabled',
      'no-expert',
      'snoozed',
      'on-battery',
      'secret-file',
      'secret-text',
      'empty-document',
      'inside-word',
      'text-right-of-cursor',
      'statement-ended',
    ] as const
  ).map((because): Decision => ({ kind: 'skipped', because })),
  ...(['waiting', 'starting', 'generating'] as const).flatMap((stage): Decision[] => [
    { kind: 'cancelled', stage, by: 'editor' },
    { kind: 'cancelled', stage, by: 'newer' },
  ]),
  { kind: 'failed', code: 'engine-exited', message: 'The engine stopped.' },
  ...(['empty', 'repeats-suffix', 'repeats-previous', 'repeats-itself'] as const).map(
    (rule): Decision => ({ kind: 'filtered', rule }),
  ),
  { kind: 'gated', by: 'confidence', value: 0.123, least: 0.3 },
  { kind: 'gated', by: 'agreement', value: 0.1, least: 0.2 },
];

describe('the trace of suggestions', () => {
  it('keeps the newest requests, newest first, up to its capacity', () => {
    const trace = createTrace(3);
    for (let at = 1; at <= 5; at++)
      trace.add(entry({ kind: 'failed', code: 'engine-exited', message: 'no' }, at));
    expect(trace.entries().map(({ at }) => at)).toEqual([5, 4, 3]);
  });

  it('tells who listens', () => {
    const trace = createTrace();
    const seen: number[] = [];
    const listening = trace.onAdd(({ at }) => seen.push(at));
    trace.add(entry({ kind: 'failed', code: 'engine-exited', message: 'no' }, 1));
    listening.dispose();
    trace.add(entry({ kind: 'failed', code: 'engine-exited', message: 'no' }, 2));
    expect(seen).toEqual([1]);
  });

  it('has a sentence of its own for each decision', () => {
    const sentences = decisions.map((decision) => sentenceFor(entry(decision)));
    expect(new Set(sentences).size).toBe(decisions.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^["A-Z].*\.$/);
  });

  it('lists the figures behind a decision', () => {
    const shown = {
      kind: 'shown',
      chars: 3,
      lines: 1,
      from: 'engine',
      confidence: 0.456,
      agreement: 0.7,
    } as const;
    const report = traceReport(
      [{ ...entry(shown), pauseMs: 80, choices: 3 }, entry({ ...shown, from: 'cache' })],
      counts,
    );
    expect(report).toContain('[pause 80 ms, confidence 46 %, agreement 70 %, 3 to choose from]');
    expect(report).toContain('[confidence 46 %, agreement 70 %]');
    expect(report).toContain('5 shown, 2 taken whole, 1 in part, 40 characters');
  });

  it('lists one request a line', () => {
    const report = traceReport(
      decisions.map((decision) => entry(decision)),
      counts,
    );
    expect(report.split('\n')).toHaveLength(decisions.length + 4);
    expect(report).toContain('00:00:00.000  typing   typescript    No expert takes part.');
  });
});
