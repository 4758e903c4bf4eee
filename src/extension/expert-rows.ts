/** How an expert is described in the tree, the status bar and the chat, from the settings and the engine's report. */

import type { ExpertSetting, ExpertState } from '../protocol/engine.ts';
import type { EngineSnapshot } from './engine-client.ts';
import { shortName } from './experts.ts';
import { escapeMarkdown } from './markdown.ts';

export interface ExpertRow {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly weight: number;
  readonly folder: string;
  readonly state: ExpertState;
}

/** An expert that takes part but is not loaded yet is `off`: it loads when the engine is first needed. */
export function expertRows(experts: readonly ExpertSetting[], snapshot: EngineSnapshot): ExpertRow[] {
  return experts.map(({ id, active, weight, folder }) => {
    const reported = snapshot.experts.find((status) => status.id === id)?.state;
    return { id, name: shortName(id), active, weight, folder, state: reported ?? { kind: 'off' } };
  });
}

/** `ready, cpu, 22 MB, weight 1`. */
export function describeRow({ active, weight, state }: ExpertRow): string {
  const share = active ? `, weight ${weight}` : '';
  return `${describeState(state, active)}${share}`;
}

function describeState(state: ExpertState, active: boolean): string {
  switch (state.kind) {
    case 'off':
      return active ? 'loads when needed' : 'off';
    case 'unloaded':
      return 'unloaded while it was not used, loads when needed';
    case 'loading':
      return `${state.stage ?? 'loading'} ${Math.floor(state.progress * 100)} %`;
    case 'ready':
      return `ready, ${state.device}, ${megabytes(state.memoryBytes)}`;
    case 'failed':
      return 'failed';
    default:
      return state satisfies never;
  }
}

/** In the editor's Markdown. */
export function detailsOf(row: ExpertRow): string {
  const { state } = row;
  const lines = [`**${escapeMarkdown(row.id)}**`, escapeMarkdown(describeRow(row))];
  if (state.kind === 'failed') lines.push(`$(error) ${escapeMarkdown(state.failure.message)}`);
  if (state.kind === 'ready') {
    if (state.deviceReason !== undefined) {
      lines.push(escapeMarkdown(`Runs on ${state.device}: ${state.deviceReason}`));
    }
    lines.push(`Precision: ${escapeMarkdown(state.precision)}`);
  }
  lines.push(`Folder: ${escapeMarkdown(row.folder)}`);
  return lines.join('\n\n');
}

function megabytes(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}
