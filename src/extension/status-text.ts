/** What the status bar says: an icon, who takes part, and the reasons when something is not right. Without the editor. */

import { t } from '@vscode/l10n';
import type { EngineSnapshot } from './engine-client.ts';
import type { ExpertRow } from './expert-rows.ts';
import { describeRow } from './expert-rows.ts';
import { failureText } from './failure-text.ts';
import { type Decision, mixedByBytes } from './trace.ts';

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
  const names = active.length === 0 ? t('no expert') : active.map(({ name }) => name).join(' + ');
  const failed = active.flatMap(({ state }) => (state.kind === 'failed' ? [failureText(state.failure)] : []));
  const loading = active.some(({ state }) => state.kind === 'loading');
  const converting = active.flatMap(({ state }) =>
    state.kind === 'loading' && state.stage === 'converting' ? [Math.floor(100 * state.progress)] : [],
  );
  // A crash that was mended since is no news; while it is not, the engine's state tells of it.
  const failure = newest?.kind === 'failed' && newest.code !== 'engine-exited' ? [failureText(newest)] : [];
  const wrong = [...new Set([...failed, ...problems, ...failure])];
  const engine = engineText(snapshot, loading);
  const icon = engine.icon === 'layers' && wrong.length > 0 ? 'warning' : engine.icon;
  const serious = snapshot.state.kind === 'failed' || failed.length > 0;
  return {
    text: [
      `$(${icon}) ${names}`,
      ...(converting.length === 0 ? [] : [t('(converting {0} %)', Math.min(...converting))]),
      ...(completionsOn ? [] : [t('(chat only)')]),
      ...(snoozedUntil === undefined ? [] : [t('(snoozed until {0})', snoozedUntil)]),
    ].join(' '),
    severity: serious ? 'error' : wrong.length > 0 || active.length === 0 ? 'warning' : 'normal',
    paragraphs: [
      engine.sentence,
      ...wrong.filter((sentence) => sentence !== engine.sentence),
      ...(newest?.kind === 'shown' && newest.from === 'bytes'
        ? [t('The last suggestion: {0}', mixedByBytes())]
        : []),
      ...(completionsOn ? [] : [t('Completions are turned off; the chat works.')]),
      ...(snoozedUntil === undefined
        ? []
        : [t('Suggestions are snoozed until {0}. "Chorus: End Snooze" brings them back.', snoozedUntil)]),
      ...rows.map((row) => t('{0}: {1}', row.name, describeRow(row))),
    ],
  };
}

function engineText({ state }: EngineSnapshot, loading: boolean): { icon: string; sentence: string } {
  switch (state.kind) {
    case 'idle':
      return { icon: 'layers', sentence: t('The engine starts with your first request.') };
    case 'starting':
      return { icon: 'loading~spin', sentence: t('The engine is starting.') };
    case 'ready':
      return loading
        ? { icon: 'loading~spin', sentence: t('The experts are loading.') }
        : { icon: 'layers', sentence: t('The engine is ready.') };
    case 'restarting':
      return { icon: 'warning', sentence: failureText(state.failure) };
    case 'failed':
      return { icon: 'error', sentence: failureText(state.failure) };
    default:
      return state satisfies never;
  }
}
