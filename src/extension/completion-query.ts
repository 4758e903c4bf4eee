/** What the editor asks of the completion session, and the engine's request for it. Without the editor. */

import type { FileChunk, GenerateRequest } from '../protocol/engine.ts';
import type { GhostPlace } from '../text/ghost.ts';
import { hasFormulas } from '../text/ghost-formula.ts';
import { completionWindow, windowAround } from '../text/window.ts';
import type { SettingValues } from './setting-rules.ts';

export interface CompletionQuery {
  /** The file's whole path; it is not sent. */
  readonly path: string;
  readonly languageId: string;
  /** The file's name, or its path in the repository; a hint for the experts. */
  readonly file: string;
  /** The repository's name, where it is known. */
  readonly repository?: string | undefined;
  /** Asked by command rather than by typing. */
  readonly explicit: boolean;
  /** The entry selected in the list of suggestions: its text stands in for `left` and `right` characters at the cursor. */
  readonly selected: { readonly text: string; readonly left: number; readonly right: number } | undefined;
  /** Pieces of other files, the most useful first. */
  chunks(): readonly FileChunk[];
  /** The text around the cursor, read only where it may be; its lines end with `\n`, whatever they end with in the document. */
  read(): GhostPlace;
}

export interface CompletionRequest extends GenerateRequest {
  readonly prompt: GenerateRequest['prompt'] & { readonly kind: 'infill' };
}

/** The document as it would be with the selected entry accepted: what is suggested then goes on from that entry. */
export function placeOf({ selected, read, languageId }: CompletionQuery): GhostPlace {
  const { before, after } = read();
  const formulas = hasFormulas(languageId) ? { formulas: true } : {};
  if (selected === undefined) return { before, after, ...formulas };
  const kept = before.slice(0, before.length - selected.left);
  return { before: kept + selected.text, after: after.slice(selected.right), ...formulas };
}

/** Greedy, so that the same place always gets the same answer. What ends it depends on the plan. */
export function requestFor(
  { file, repository, chunks: others }: Pick<CompletionQuery, 'file' | 'repository' | 'chunks'>,
  { before, after }: GhostPlace,
  values: SettingValues,
): CompletionRequest {
  const { prefix, suffix } = windowAround(before + after, before.length, completionWindow);
  const chunks = others();
  return {
    surface: 'completion',
    prompt: {
      kind: 'infill',
      prefix,
      suffix,
      file,
      ...(repository !== undefined && { repository }),
      ...(chunks.length > 0 && { chunks }),
    },
    maxTokens: values['completion.maxTokens'],
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
    stop: [],
    accelerate: 'lookup',
    route: values['mix.route'],
    trace: false,
    observe: true,
  };
}
