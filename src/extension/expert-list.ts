/** What the settings become when an expert joins the list, leaves it, or gets another name. Without the editor. */

import { basename, resolve } from 'node:path';
import { type KnownExpert, without } from './experts.ts';
import type { SettingValues } from './setting-rules.ts';

export interface NewExpert {
  /** A folder, or a GGUF file. */
  readonly place: string;
  /** For people. */
  readonly name: string;
  /** Of an adapter whose base is not found by its name. */
  readonly base?: string | undefined;
}

export type Addition =
  | { readonly kind: 'added'; readonly id: string; readonly sets: Partial<SettingValues> }
  /** It is an expert already. */
  | { readonly kind: 'there'; readonly id: string }
  /** Another one has the name of its folder. */
  | { readonly kind: 'taken'; readonly id: string; readonly by: string };

/** The list with one more; a folder's name is its expert's id. */
export function withExpert(
  values: SettingValues,
  experts: readonly KnownExpert[],
  { place, name, base }: NewExpert,
): Addition {
  const id = basename(place);
  const there = experts.find(({ folder }) => resolve(folder) === resolve(place));
  if (there !== undefined) return { kind: 'there', id: there.id };
  const taken = experts.find((expert) => expert.id === id);
  if (taken !== undefined) return { kind: 'taken', id, by: taken.folder };
  return {
    kind: 'added',
    id,
    sets: {
      'models.folders': [...values['models.folders'], place],
      ...(base !== undefined && { 'models.bases': { ...values['models.bases'], [id]: base } }),
      ...(name !== id && { 'experts.names': { ...values['experts.names'], [id]: name } }),
    },
  };
}

/** Who of the experts takes part, with this one among them. */
export function withActive(values: SettingValues, ids: readonly string[]): Partial<SettingValues> {
  const active = values['experts.active'];
  return { 'experts.active': [...active, ...ids.filter((id) => !active.includes(id))] };
}

const byExpert = [
  'experts.weights',
  'completion.weights',
  'chat.weights',
  'experts.names',
  'models.bases',
] as const;

/** The list without this one, and nothing left that names it; only what changes is among the settings. */
export function withoutExpert(
  values: SettingValues,
  { id, folder }: Pick<KnownExpert, 'id' | 'folder'>,
): Partial<SettingValues> {
  const active = values['experts.active'];
  const folders = values['models.folders'];
  return {
    ...(active.includes(id) && { 'experts.active': active.filter((name) => name !== id) }),
    ...Object.fromEntries(
      byExpert
        .filter((name) => Object.hasOwn(values[name], id))
        .map((name) => [name, without<number | string>(values[name], id)]),
    ),
    // Last: until then nothing names an expert that is not there.
    ...(folders.includes(folder) && { 'models.folders': folders.filter((other) => other !== folder) }),
  };
}

/** An empty name gives the expert its own back. */
export function withName(values: SettingValues, id: string, name: string): Partial<SettingValues> {
  const { [id]: _, ...others } = values['experts.names'];
  const trimmed = name.trim();
  return { 'experts.names': trimmed === '' ? others : { ...others, [id]: trimmed } };
}
