/** How an expert is described in the tree, the status bar and the chat, from the settings and the engine's report. */

import { t } from '@vscode/l10n';
import { weightOn } from '../models/surface-weight.ts';
import { tinyIds } from '../models/tiny.ts';
import type { ExpertState, LoadStage, MixSetting, Surface } from '../protocol/engine.ts';
import type { EngineSnapshot } from './engine-client.ts';
import { shortName } from './experts.ts';
import { failureText } from './failure-text.ts';
import { escapeMarkdown } from './markdown.ts';

export interface ExpertRow {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly weight: number;
  /** Where it is not the same everywhere. */
  readonly weightsOn?: Readonly<Record<Surface, number>>;
  readonly folder: string;
  /** Of an adapter, where it is known. */
  readonly base?: string | undefined;
  /** Who put it there: it came with Chorus, was fetched as part of Tiny, or is one of the user's list. */
  readonly origin: 'embedded' | 'fetched' | 'listed';
  readonly state: ExpertState;
}

export interface ShownAs {
  /** Names that the user gave, by id. */
  readonly names?: Readonly<Record<string, string>>;
  /** Those of the user's list. */
  readonly folders?: readonly string[];
}

/** An expert that takes part but is not loaded yet is `off`: it loads when the engine is first needed. */
export function expertRows(
  { experts, surfaces }: Pick<MixSetting, 'experts' | 'surfaces'>,
  snapshot: EngineSnapshot,
  { names = {}, folders = [] }: ShownAs = {},
): ExpertRow[] {
  const ids = experts.map(({ id }) => id);
  return experts.map((setting) => {
    const { id, active, weight, folder, base } = setting;
    const reported = snapshot.experts.find((status) => status.id === id)?.state;
    const on = (surface: Surface): number => weightOn({ surfaces }, surface, setting);
    const weightsOn = { completion: on('completion'), chat: on('chat') };
    return {
      id,
      name: (Object.hasOwn(names, id) ? names[id] : undefined) ?? shortName(id, ids),
      active,
      weight,
      ...((weightsOn.completion !== weight || weightsOn.chat !== weight) && { weightsOn }),
      folder,
      base,
      origin: folders.includes(folder) ? 'listed' : id === tinyIds.base ? 'fetched' : 'embedded',
      state: reported ?? { kind: 'off' },
    };
  });
}

/** `ready, cpu, 22 MB, weight 1`. */
export function describeRow({ active, weight, weightsOn, state }: ExpertRow): string {
  const weights =
    weightsOn === undefined
      ? t('weight {0}', weight)
      : t('weight {0} in completions, {1} in the chat', weightsOn.completion, weightsOn.chat);
  const described = describeState(state, active);
  return active ? t('{0}, {1}', described, weights) : described;
}

export function describeState(state: ExpertState, active: boolean): string {
  switch (state.kind) {
    case 'off':
      return active ? t('loads when needed') : t('off');
    case 'unloaded':
      return t('unloaded while it was not used, loads when needed');
    case 'loading':
      return loadText(state.stage ?? 'loading', Math.floor(state.progress * 100));
    case 'ready':
      return t('ready, {0}, {1} MB', state.device, megabytes(state.memoryBytes));
    case 'failed':
      return t('failed');
    default:
      return state satisfies never;
  }
}

function loadText(stage: LoadStage, percent: number): string {
  switch (stage) {
    case 'loading':
      return t('loading {0} %', percent);
    case 'converting':
      return t('converting {0} %', percent);
    default:
      return stage satisfies never;
  }
}

/** In the editor's Markdown. */
export function detailsOf(row: ExpertRow): string {
  const { state } = row;
  const lines = [`**${escapeMarkdown(row.id)}**`, escapeMarkdown(describeRow(row))];
  if (state.kind === 'failed') lines.push(`$(error) ${escapeMarkdown(failureText(state.failure))}`);
  if (state.kind === 'ready') {
    if (state.deviceReason !== undefined) {
      lines.push(escapeMarkdown(t('Runs on {0}: {1}', state.device, state.deviceReason)));
    }
    lines.push(escapeMarkdown(t('Precision: {0}', state.precision)));
  }
  lines.push(escapeMarkdown(t('Folder: {0}', row.folder)));
  return lines.join('\n\n');
}

function megabytes(bytes: number): number {
  return Math.max(1, Math.round(bytes / 1e6));
}
