/** What the status bar says: an icon, who takes part, and the reasons when something is not right. Without the editor. */

import { t } from '@vscode/l10n';
import type { EngineSnapshot } from './engine-client.ts';
import type { ExpertRow } from './expert-rows.ts';
import { describeRow } from './expert-rows.ts';
import { type Decision, MIXED_BY_BYTES } from './trace.ts';

export interface StatusInput {
  readonly snapshot: EngineSnapshot;
  readonly rows: readonly ExpertRow[];
  readonly completionsOn: boolean;
  /** Until when no suggestion appears by itself, as people write it; undefined where they do. */
  readonly snoozedUntil: string | undefined;
  /** Sentences about settings that cannot be used. */
  readonly problems: readonly string[];
  /** What became of the newest request for a suggestion. */
  readonly newest: Decision | undefined;
}

export interface StatusText {
  readonly text: string;
  readonly severity: 'normal' | 'warning' | 'error';
  /** Paragraphs of plain text, most important first. */
  readonly paragraphs: readonly string[];
}

export function statusText({
  snapshot,
  rows,
  completionsOn,
  snoozedUntil,
  problems,
  newest,
}: StatusInput): StatusText {
  const active = rows.filter((row) => row.active);
  const names = active.length === 0 ? 'no expert' : active.map(({ name }) => name).join(' + ');
  const failed = active.flatMap(({ state }) => (state.kind === 'failed' ? [state.failure.message] : []));
  const loading = active.some(({ state }) => state.kind === 'loading');
  const converting = active.flatMap(({ state }) =>
    state.kind === 'loading' && state.stage === 'converting' ? [Math.floor(100 * state.progress)] : [],
  );
  // A crash that was mended since is no news; while it is not, the engine's state tells of it.
  const failure = newest?.kind === 'failed' && newest.code !== 'engine-exited' ? [newest.message] : [];
  const wrong = [...new Set([...failed, ...problems, ...failure])];
  const engine = engineText(snapshot, loading);
  const icon = engine.icon === 'layers' && wrong.length > 0 ? 'warning' : engine.icon;
  const serious = snapshot.state.kind === 'failed' || failed.length > 0;
  return {
    text: [
      `$(${icon}) ${names}`,
      ...(converting.length === 0 ? [] : [`(converting ${Math.min(...converting)} %)`]),
      ...(completionsOn ? [] : ['(chat only)']),
      ...(snoozedUntil === undefined ? [] : [t('(snoozed until {0})', snoozedUntil)]),
    ].join(' '),
    severity: serious ? 'error' : wrong.length > 0 || active.length === 0 ? 'warning' : 'normal',
    paragraphs: [
      engine.sentence,
      ...wrong.filter((sentence) => sentence !== engine.sentence),
      ...(newest?.kind === 'shown' && newest.from === 'bytes'
        ? [`The last suggestion: ${MIXED_BY_BYTES}`]
        : []),
      ...(completionsOn ? [] : ['Completions are turned off; the chat works.']),
      ...(snoozedUntil === undefined
        ? []
        : [t('Suggestions are snoozed until {0}. "Chorus: End Snooze" brings them back.', snoozedUntil)]),
      ...rows.map((row) => `${row.name}: ${describeRow(row)}`),
    ],
  };
}

function engineText({ state }: EngineSnapshot, loading: boolean): { icon: string; sentence: string } {
  switch (state.kind) {
    case 'idle':
      return { icon: 'layers', sentence: 'The engine starts with your first request.' };
    case 'starting':
      return { icon: 'loading~spin', sentence: 'The engine is starting.' };
    case 'ready':
      return loading
        ? { icon: 'loading~spin', sentence: 'The experts are loading.' }
        : { icon: 'layers', sentence: 'The engine is ready.' };
    case 'restarting':
      return { icon: 'warning', sentence: state.failure.message };
    case 'failed':
      return { icon: 'error', sentence: state.failure.message };
    default:
      return state satisfies never;
  }
}
