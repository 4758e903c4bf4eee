/** The keywords of JSON schemas that are followed, and how they are read: each error names the place and the keyword. */

import { ChorusError } from '../protocol/failure.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** Say nothing about what is valid; `format` is one of them (2020-12, Validation, 7.2.1). */
const annotations = new Set(
  '$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly format'.split(
    ' ',
  ),
);

export const keywords = {
  string: ['minLength', 'maxLength', 'pattern'],
  number: ['minimum', 'maximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  boolean: [],
  null: [],
} as const satisfies Record<string, readonly string[]>;

export type Type = keyof typeof keywords;
const types = Object.keys(keywords) as readonly Type[];

/** The types asked for, or those that its keywords are about; undefined where it says nothing about them. */
export function typesOf(schema: Schema, at: string): readonly Type[] | undefined {
  if (!('type' in schema)) {
    const implied = (['object', 'array', 'string', 'number'] as const).find((type) =>
      keywords[type].some((keyword) => keyword in schema),
    );
    return implied && [implied];
  }
  const given = Array.isArray(schema.type) ? schema.type : [schema.type];
  for (const type of given) {
    if (!types.includes(type)) {
      throw refuse(at, `has the type ${JSON.stringify(type)}; the types are ${types.join(', ')}`);
    }
  }
  return [...new Set(given)];
}

export function isOf(type: Type, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
    default:
      return type satisfies never;
  }
}

export function sizes(schema: Schema, least: string, most: string, at: string): { min: number; max: number } {
  const size = (keyword: string, otherwise: number): number => {
    const value = schema[keyword] ?? otherwise;
    if (value === otherwise || (Number.isSafeInteger(value) && (value as number) >= 0))
      return value as number;
    throw refuse(at, `has a '${keyword}' that is no whole number of at least 0`);
  };
  const min = size(least, 0);
  const max = size(most, Number.POSITIVE_INFINITY);
  if (min > max)
    throw refuse(at, `asks for a ${least} of ${min} and a ${most} of ${max}, which nothing fits`);
  return { min, max };
}

export function listOf(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refuse(at, 'must be a list');
}

export function onlyWith(schema: Schema, known: readonly string[], at: string): void {
  const other = Object.keys(schema).find((keyword) => !known.includes(keyword) && !annotations.has(keyword));
  if (other === undefined) return;
  throw refuse(
    at,
    `has the keyword '${other}', which is not supported here${known.length > 0 ? ` (only ${known.join(', ')})` : ''}. Take it out`,
  );
}

export function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function refuse(at: string, why: string): ChorusError {
  const place = at.length > 100 ? `${at.slice(0, 100)}…` : at;
  return new ChorusError('request-invalid', `The JSON schema at ${place} ${why}.`);
}
