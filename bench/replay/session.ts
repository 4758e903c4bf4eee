/** An edit session: a text, where the cursor stands, and what was done to it key by key, with times. One is a line of sessions.jsonl. */

import * as v from 'valibot';

const times = v.array(v.pipe(v.number(), v.integer(), v.minValue(0)));

const editSchema = v.union([
  /** Typed at the cursor. Enter writes the indentation of the next line too, as editors do: one key. */
  v.strictObject({ type: v.string(), ms: times }),
  /** Backspace so many times. */
  v.strictObject({ delete: v.number(), ms: times }),
  /** The cursor to this place, in UTF-16 units from the beginning. */
  v.strictObject({ move: v.number(), ms: v.tuple([v.number()]) }),
]);

const sessionSchema = v.strictObject({
  name: v.string(),
  languageId: v.string(),
  file: v.string(),
  source: v.string(),
  licence: v.string(),
  /** In the tests too, not only by command. */
  quick: v.optional(v.boolean()),
  start: v.string(),
  cursor: v.number(),
  edits: v.array(editSchema),
});

export type EditSession = v.InferOutput<typeof sessionSchema>;

/** `after` is how long after the key before, in milliseconds. */
export type Key =
  | { readonly kind: 'type'; readonly text: string; readonly after: number }
  | { readonly kind: 'delete'; readonly after: number }
  | { readonly kind: 'move'; readonly to: number; readonly after: number };

/** Throws where a line is no session: this is no file of a user's. */
export function readSessions(text: string): readonly EditSession[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => v.parse(sessionSchema, JSON.parse(line)));
}

/** What each key writes: a character, or a line break with the blanks after it. */
export function keystrokes(text: string): readonly string[] {
  return text.match(/\n[ \t]*|[^\n]/gu) ?? [];
}

export function keysOf({ name, edits }: EditSession): readonly Key[] {
  return edits.flatMap((edit): Key[] => {
    const time = (i: number): number => {
      const after = edit.ms[i];
      if (after === undefined) throw new Error(`The session '${name}' has a key without a time.`);
      return after;
    };
    if ('type' in edit)
      return keystrokes(edit.type).map((text, i) => ({ kind: 'type', text, after: time(i) }));
    if ('delete' in edit)
      return Array.from({ length: edit.delete }, (_, i) => ({ kind: 'delete', after: time(i) }));
    return [{ kind: 'move', to: edit.move, after: time(0) }];
  });
}
