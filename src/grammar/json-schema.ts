/**
 * A JSON schema (draft 2020-12, a part of it) as an expression. Whatever is written by it is valid under the schema; not all that
 * is valid can be written: members come in the order of the schema, and where `additionalProperties` is left out there are
 * no others. A keyword that cannot be kept is refused by name, so that nothing asked for is silently dropped.
 */

import { ChorusError } from '../protocol/failure.ts';
import { everyCharacter } from './characters.ts';
import { EMPTY, type Expression, type Expressions, NOTHING } from './expression.ts';
import { objectMembers, otherThan } from './json-members.ts';
import { jsonParts } from './json-value.ts';
import { regexExpression } from './regex.ts';
import { DEEPEST_START, faultyRule } from './rules.ts';
import {
  isObject,
  isOf,
  keywords,
  listOf,
  onlyWith,
  refuse,
  type Schema,
  sizes,
  type Type,
  typesOf,
} from './schema-keywords.ts';
import { resolve } from './schema-ref.ts';

const LARGEST_SCHEMA = 256 * 1024;
const DEEPEST_SCHEMA = 100;
const LARGEST_BOUND = 1e15 - 1;

/** Throws a `ChorusError` that names the place and the keyword, where the schema is not valid or not supported. */
export function schemaExpression(root: unknown, expressions: Expressions): Expression {
  const size = sizeOf(root);
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
            parts.quoted(otherThan(expressions, parts, names)),
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
    return parts.enclosed('{', objectMembers(expressions, parts, members, others), '}');
  };

  const whole = ofSchema(root, '#', 0);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) next();
  const nameOf = (rule: Expression): string => [...rules].find(([, made]) => made === rule)?.[0] ?? '#';
  const fault = faultyRule(expressions, [...rules.values()]);
  if (fault?.kind === 'endless') {
    throw refuse(nameOf(fault.rule), 'allows no value that ends: it is false, or always contains itself');
  }
  if (fault?.kind === 'deep') {
    throw refuse(
      nameOf(fault.rule),
      `leads through more than ${DEEPEST_START} '$ref' and 'anyOf', one in the other, to its first character. Simplify it`,
    );
  }
  if (whole === NOTHING) throw refuse('#', 'allows no value at all');
  return whole;
}

function plus(value: number | undefined, more: number): number | undefined {
  return value === undefined ? undefined : value + more;
}

/** Characters of the schema as JSON. */
function sizeOf(root: unknown): number {
  try {
    return (JSON.stringify(root) ?? '').length;
  } catch (thrown) {
    // The stack of calls is full.
    if (thrown instanceof RangeError)
      throw refuse('#', `is more than ${DEEPEST_SCHEMA} levels deep. Simplify it`);
    throw thrown;
  }
}
