/**
 * A model's manifest, `chorus.json` in its folder: what the files of the usual layouts do not say. Optional; a folder
 * without one is read with the defaults of its family.
 */

import * as v from 'valibot';
import type { CompletionStyle } from '../text/infill.ts';
import { readJson } from './json.ts';

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const token = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

/** How a family was taught to complete, as a manifest and the catalogue spell it. */
export const completionSchema = v.strictObject({
  infill: v.optional(
    v.strictObject({ order: v.picklist(['psm', 'spm']), prefix: token, suffix: token, middle: token }),
  ),
  file: v.optional(token),
  repository: v.optional(token),
  beside: v.optional(v.strictObject({ file: token, repository: token })),
  promptTokens: positive,
  suffixTokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
});

const schema = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  summary: v.optional(v.pipe(v.string(), v.maxLength(1000)), ''),
  licence: v.optional(v.pipe(v.string(), v.maxLength(100)), ''),
  /** Of an adapter: its base's folder (adapter-base.ts reads it). */
  base: v.optional(v.string()),
  /** Of a merged model: what it was made of (src/merge). */
  merge: v.optional(v.looseObject({})),
  completion: v.optional(completionSchema),
});

export interface Manifest {
  readonly name: string;
  readonly summary: string;
  readonly licence: string;
  readonly completion: CompletionStyle;
}

/** What the defaults of a family are chosen by. */
export interface FamilyHints {
  readonly folderName: string;
  readonly contextLength: number;
  readonly hasToken: (token: string) => boolean;
  /** Goes before the family's: that of the model that an adapter changes. */
  readonly completion?: CompletionStyle | undefined;
}

/** Reads `chorus.json` at `file`, or gives the family's defaults where there is none. */
export async function readManifest(file: string, hints: FamilyHints): Promise<Manifest> {
  const found = await readJson(file, schema, { optional: true });
  const completion = found?.completion;
  return {
    name: found?.name ?? hints.folderName,
    summary: found?.summary ?? '',
    licence: found?.licence ?? '',
    completion:
      completion === undefined
        ? (hints.completion ?? familyStyle(hints))
        : within(hints, withoutUndefined(completion)),
  };
}

/** Fill-in-the-middle as Qwen2.5-Coder does it for models called coder that have its tokens; else the prefix alone. */
function familyStyle({ folderName, contextLength, hasToken }: FamilyHints): CompletionStyle {
  const promptTokens = Math.max(1, Math.min(2048, Math.floor(contextLength * 0.75)));
  const tokens = { prefix: '<|fim_prefix|>', suffix: '<|fim_suffix|>', middle: '<|fim_middle|>' };
  const knows = /coder/i.test(folderName) && Object.values(tokens).every(hasToken);
  const suffixTokens = knows ? Math.floor(promptTokens / 4) : 0;
  const beside = { file: '<|file_sep|>', repository: '<|repo_name|>' };
  const isRepositoryWise = knows && Object.values(beside).every(hasToken);
  return {
    ...(knows && { infill: { order: 'psm', ...tokens } }),
    ...(isRepositoryWise && { beside }),
    promptTokens,
    suffixTokens,
  };
}

/** A context may be limited to less than the manifest counts on. */
function within({ contextLength }: FamilyHints, style: CompletionStyle): CompletionStyle {
  const promptTokens = Math.min(style.promptTokens, Math.max(1, Math.floor(contextLength * 0.75)));
  return { ...style, promptTokens, suffixTokens: Math.min(style.suffixTokens, promptTokens >> 1) };
}

function withoutUndefined(
  completion: NonNullable<v.InferOutput<typeof schema>['completion']>,
): CompletionStyle {
  const { infill, file, repository, beside, promptTokens, suffixTokens } = completion;
  return {
    promptTokens,
    suffixTokens,
    ...(infill !== undefined && { infill }),
    ...(file !== undefined && { file }),
    ...(repository !== undefined && { repository }),
    ...(beside !== undefined && { beside }),
  };
}
