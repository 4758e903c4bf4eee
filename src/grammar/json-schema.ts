/**
 * A JSON schema (draft 2020-12, a part of it) as an expression. Whatever is written by it is valid under the schema; not all that
 * is valid can be written: members come in the order of the schema, and where `additionalProperties` is left out there are
 * no others. A keyword that cannot be kept is refused by name, so that nothing asked for is silently dropped.
 */

import { ChorusError } from '../protocol/failure.ts';
import { complement, everyCharacter } from './characters.ts';
import { EMPTY, type Expression, type Expressions, NOTHING } from './expression.ts';
import { jsonParts } from './json-value.ts';
import { regexExpression } from './regex.ts';
import { endlessRule } from './rules.ts';

const LARGEST_SCHEMA = 256 * 1024;
const DEEPEST_SCHEMA = 100;
const LARGEST_BOUND = 1e15 - 1;

type Schema = Readonly<Record<string, unknown>>;

/** Say nothing about what is valid; `format` is one of them (2020-12, Validation, 7.2.1). */
const annotations = new Set(
  '$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly format'.split(
    ' ',
  ),
);

const keywords = {
  string: ['minLength', 'maxLength', 'pattern'],
  number: ['minimum', 'maximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  boolean: [],
  null: [],
} as const satisfies Record<string, readonly string[]>;

type Type = keyof typeof keywords;
const types = Object.keys(keywords) as readonly Type[];

/** Throws a `ChorusError` that names the place and the keyword, where the schema is not valid or not supported. */
export function schemaExpression(root: unknown, expressions: Expressions): Expression {
  const size = (JSON.stringify(root) ?? '').length;
  if (size > LARGEST_SCHEMA) {
    throw new ChorusError(
      'request-invalid',
      `The JSON schema has ${size} characters, and at most ${LARGEST_SCHEMA} are read. Shorten it.`,
    );
  }
  const parts = jsonParts(expressions);
  const { either, repeat, sequence, optional } = expressions;
  /** By the `$ref` that names them; each is compiled once. */
  const rules = new Map<string, Expression>();
  const pending: (() => void)[] = [];

  const ofSchema = (schema: unknown, at: string, depth: number): Expression => {
    if (depth > DEEPEST_SCHEMA) throw refuse(at, `is more than ${DEEPEST_SCHEMA} levels deep. Simplify it`);
    if (schema === true) return parts.value;
    if (schema === false) return NOTHING;
    if (!isObject(schema)) throw refuse(at, 'must be an object, true or false');
    if ('$ref' in schema) return ofRef(schema, at);
    for (const keyword of ['anyOf', 'oneOf', 'allOf'] as const) {
      if (keyword in schema) return ofBranches(schema, keyword, at, depth);
    }
    if ('const' in schema) {
      onlyWith(schema, ['const', 'type'], at);
      return ofValues([schema.const], schema, at);
    }
    if ('enum' in schema) {
      onlyWith(schema, ['enum', 'type'], at);
      return ofValues(listOf(schema.enum, `${at}/enum`), schema, at);
    }
    const wanted = typesOf(schema, at);
    if (wanted === undefined) {
      onlyWith(schema, [], at);
      return parts.value;
    }
    const allowed = wanted.flatMap((type): readonly string[] => keywords[type]);
    onlyWith(schema, ['type', ...allowed], at);
    return either(wanted.map((type) => ofType(type, schema, at, depth)));
  };

  const ofValues = (values: readonly unknown[], schema: Schema, at: string): Expression => {
    const wanted = 'type' in schema ? typesOf(schema, at) : undefined;
    const fitting = values.filter(
      (value) => wanted === undefined || wanted.some((type) => isOf(type, value)),
    );
    return either(fitting.map((value) => parts.literal(value)));
  };

  const ofRef = (schema: Schema, at: string): Expression => {
    onlyWith(schema, ['$ref'], at);
    const ref = schema.$ref;
    if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref)) {
      throw refuse(
        at,
        `has the $ref ${JSON.stringify(ref)}; only those that begin with '#/', inside the same schema, are followed`,
      );
    }
    const known = rules.get(ref);
    if (known !== undefined) return known;
    const rule = expressions.rule();
    rules.set(ref, rule);
    const target = resolve(root, ref, at);
    pending.push(() => expressions.define(rule, ofSchema(target, ref, 0)));
    return rule;
  };

  const ofBranches = (
    schema: Schema,
    keyword: 'anyOf' | 'oneOf' | 'allOf',
    at: string,
    depth: number,
  ): Expression => {
    onlyWith(schema, [keyword], at);
    const branches = listOf(schema[keyword], `${at}/${keyword}`);
    const made = branches.map((branch, i) => ofSchema(branch, `${at}/${keyword}/${i}`, depth + 1));
    if (keyword === 'anyOf' || made.length === 1) return either(made);
    throw refuse(at, `has '${keyword}', which is followed only with a single schema in it. Use 'anyOf'`);
  };

  const ofType = (type: Type, schema: Schema, at: string, depth: number): Expression => {
    switch (type) {
      case 'null':
        return parts.literal(null);
      case 'boolean':
        return parts.boolean;
      case 'integer':
      case 'number':
        return ofNumber(type === 'integer', schema, at);
      case 'string':
        return ofString(schema, at);
      case 'array':
        return ofArray(schema, at, depth);
      case 'object':
        return ofObject(schema, at, depth);
      default:
        return type satisfies never;
    }
  };

  const ofNumber = (whole: boolean, schema: Schema, at: string): Expression => {
    const bound = (keyword: string, round: (x: number) => number): number | undefined => {
      const value = schema[keyword];
      if (value === undefined) return undefined;
      if (typeof value !== 'number') throw refuse(at, `has a '${keyword}' that is no number`);
      const rounded = whole ? round(value) : value;
      if (!Number.isInteger(rounded) || Math.abs(rounded) > LARGEST_BOUND) {
        throw refuse(
          at,
          `has the ${keyword} ${value}; for a number it must be whole, and at most ${LARGEST_BOUND}`,
        );
      }
      return rounded;
    };
    const least = [bound('minimum', Math.ceil), plus(bound('exclusiveMinimum', Math.floor), 1)];
    const most = [bound('maximum', Math.floor), plus(bound('exclusiveMaximum', Math.ceil), -1)];
    if ([...least, ...most].every((value) => value === undefined))
      return whole ? parts.integer : parts.number;
    const low = Math.max(...least.map((value) => value ?? -LARGEST_BOUND));
    const high = Math.min(...most.map((value) => value ?? LARGEST_BOUND));
    if (low > high) throw refuse(at, `allows no number: the least is ${low} and the largest ${high}`);
    return parts.between(low, high, whole);
  };

  const ofString = (schema: Schema, at: string): Expression => {
    const { min, max } = sizes(schema, 'minLength', 'maxLength', at);
    if ('pattern' in schema) {
      if (typeof schema.pattern !== 'string') throw refuse(at, "has a 'pattern' that is no text");
      if (min > 0 || max !== Number.POSITIVE_INFINITY) {
        throw refuse(at, "has 'pattern' beside 'minLength' or 'maxLength'. Put the length into the pattern");
      }
      const what = `The pattern at ${at}`;
      return parts.quoted(
        regexExpression(schema.pattern, { expressions, encode: parts.character, whole: false, what }),
      );
    }
    return parts.quoted(repeat(parts.character(everyCharacter), min, max));
  };

  const ofArray = (schema: Schema, at: string, depth: number): Expression => {
    const { min, max } = sizes(schema, 'minItems', 'maxItems', at);
    const first = listOf(schema.prefixItems ?? [], `${at}/prefixItems`);
    const item = ofSchema(schema.items ?? true, `${at}/items`, depth + 1);
    const further = Math.max(0, max - first.length);
    /** What may stand from position i on, with the comma before it. */
    let rest = repeat(sequence(parts.comma, item), Math.max(0, min - first.length), further);
    if (first.length === 0) return parts.enclosed('[', parts.list(item, min, max), ']');
    for (let i = first.length - 1; i >= 0; i--) {
      if (i >= max) rest = EMPTY;
      else {
        const here = ofSchema(first[i], `${at}/prefixItems/${i}`, depth + 1);
        const onward = sequence(i === 0 ? EMPTY : parts.comma, here, rest);
        rest = i < min ? onward : optional(onward);
      }
    }
    return parts.enclosed('[', rest, ']');
  };

  const ofObject = (schema: Schema, at: string, depth: number): Expression => {
    const properties = schema.properties ?? {};
    if (!isObject(properties)) throw refuse(at, "has 'properties' that are no object");
    const required = new Set(listOf(schema.required ?? [], `${at}/required`).map(String));
    const extra = schema.additionalProperties ?? false;
    const names = [...new Set([...Object.keys(properties), ...required])];
    const others =
      extra === false
        ? NOTHING
        : sequence(
            parts.quoted(otherThan(names)),
            parts.colon,
            ofSchema(extra, `${at}/additionalProperties`, depth + 1),
          );
    const members = names.map((name) => {
      const own = Object.hasOwn(properties, name);
      if (!own && extra === false && schema.additionalProperties === false)
        throw refuse(at, `requires '${name}' and allows no such member`);
      const value = own ? properties[name] : extra === false ? true : extra;
      return {
        isRequired: required.has(name),
        member: sequence(
          parts.literal(name),
          parts.colon,
          ofSchema(value, `${at}/properties/${name}`, depth + 1),
        ),
      };
    });
    /** What may stand after the members before i, where one stands before (with a comma), and where none does. */
    let after = repeat(sequence(parts.comma, others), 0, Number.POSITIVE_INFINITY);
    let fresh = optional(parts.list(others, 1, Number.POSITIVE_INFINITY));
    for (const { isRequired, member } of members.reverse()) {
      const taken = sequence(member, after);
      fresh = isRequired ? taken : either([taken, fresh]);
      after = isRequired ? sequence(parts.comma, taken) : either([sequence(parts.comma, taken), after]);
    }
    return parts.enclosed('{', fresh, '}');
  };

  /** The characters of any string but these. */
  const otherThan = (names: readonly string[]): Expression => {
    const any = repeat(parts.character(everyCharacter), 0, Number.POSITIVE_INFINITY);
    const from = (rests: readonly (readonly string[])[]): Expression => {
      if (rests.length === 0) return any;
      const byFirst = new Map<number, (readonly string[])[]>();
      for (const [character, ...tail] of rests) {
        const code = character?.codePointAt(0);
        if (code !== undefined) byFirst.set(code, [...(byFirst.get(code) ?? []), tail]);
      }
      const firsts = [...byFirst.keys()].sort((a, b) => a - b).map((code) => [code, code] as const);
      return either([
        rests.some((rest) => rest.length === 0) ? NOTHING : EMPTY,
        sequence(parts.character(complement(firsts)), any),
        ...[...byFirst].map(([code, tails]) => sequence(parts.character([[code, code]]), from(tails))),
      ]);
    };
    return from(names.map((name) => [...name]));
  };

  const whole = ofSchema(root, '#', 0);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) next();
  const nameOf = (rule: Expression): string => [...rules].find(([, made]) => made === rule)?.[0] ?? '#';
  const endless = endlessRule(expressions, [...rules.values()]);
  if (endless !== undefined) {
    throw refuse(nameOf(endless), 'allows no value that ends: it is false, or always contains itself');
  }
  if (whole === NOTHING) throw refuse('#', 'allows no value at all');
  return whole;
}

/** The types asked for, or those that its keywords are about; undefined where it says nothing about them. */
function typesOf(schema: Schema, at: string): readonly Type[] | undefined {
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
  return given;
}

function isOf(type: Type, value: unknown): boolean {
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

/** What a JSON pointer in a `$ref` leads to (RFC 6901). */
function resolve(root: unknown, ref: string, at: string): unknown {
  let target = root;
  for (const part of ref.split('/').slice(1)) {
    const key = unescaped(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof target !== 'object' || target === null || !Object.hasOwn(target, key)) {
      throw refuse(at, `has the $ref '${ref}', which leads nowhere`);
    }
    target = (target as Schema)[key];
  }
  return target;
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function sizes(schema: Schema, least: string, most: string, at: string): { min: number; max: number } {
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

function plus(value: number | undefined, more: number): number | undefined {
  return value === undefined ? undefined : value + more;
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refuse(at, 'must be a list');
}

function onlyWith(schema: Schema, known: readonly string[], at: string): void {
  const other = Object.keys(schema).find((keyword) => !known.includes(keyword) && !annotations.has(keyword));
  if (other === undefined) return;
  throw refuse(
    at,
    `has the keyword '${other}', which is not supported here${known.length > 0 ? ` (only ${known.join(', ')})` : ''}. Take it out`,
  );
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(at: string, why: string): ChorusError {
  const place = at.length > 100 ? `${at.slice(0, 100)}…` : at;
  return new ChorusError('request-invalid', `The JSON schema at ${place} ${why}.`);
}
