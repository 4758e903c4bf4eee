import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/index.ts';
import { compileGrammar } from '../../src/grammar/grammar.ts';
import { torture, tried } from '../sizes.ts';
import { matches, randomJson } from './walk.ts';

const json = (schema?: unknown) => ({ kind: 'json', schema }) as const;
const valid = (schema: object, value: unknown): boolean =>
  new Ajv2020({ strict: false }).validate(schema, value);

const name = fc.constantFrom('a', 'b', 'ab', 'é"', 'long name');
const bounds = fc.tuple(fc.nat(3), fc.nat(3)).map(([min, more]) => [min, min + more] as const);
const whole = fc
  .tuple(fc.integer({ min: -300, max: 300 }), fc.nat(2000))
  .map(([low, span]) => ({ minimum: low, maximum: low + span }));
const leaf = fc.oneof(
  bounds.map(([minLength, maxLength]) => ({ type: 'string', minLength, maxLength })),
  fc.constantFrom('^[a-z"\\\\]{1,3}$', 'x', '^\\d+$|^end').map((pattern) => ({ type: 'string', pattern })),
  whole.map((bound) => ({ type: 'integer', ...bound })),
  whole.map((bound) => ({ type: 'number', ...bound })),
  fc.integer({ min: -5, max: 5 }).map((low) => ({ type: 'integer', exclusiveMinimum: low })),
  fc.constantFrom(
    { type: ['boolean', 'null'] },
    { type: 'number' },
    { enum: [1, 'a', null, { b: [true] }] },
    { const: 'é\n' },
    true,
    {},
  ),
);
const { schema } = fc.letrec<{ schema: object | boolean }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc
      .tuple(bounds, tie('schema'))
      .map(([[minItems, maxItems], items]) => ({ type: 'array', items, minItems, maxItems })),
    fc
      .tuple(bounds, fc.array(tie('schema'), { minLength: 1, maxLength: 2 }))
      .map(([[minItems, maxItems], prefixItems]) => ({ type: 'array', prefixItems, minItems, maxItems })),
    fc
      .tuple(
        fc.dictionary(name, tie('schema'), { maxKeys: 4 }),
        fc.subarray(['a', 'b', 'é"']),
        fc.option(tie('schema'), { nil: undefined }),
      )
      .map(([properties, required, additionalProperties]) => ({
        type: 'object',
        properties,
        required,
        ...(additionalProperties !== undefined && additionalProperties !== false && { additionalProperties }),
      })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  ),
}));

describe('a JSON schema as a grammar', () => {
  it('leads to texts that an independent validator accepts, and to no dead end', torture, () => {
    fc.assert(
      fc.property(schema, fc.nat(), (each, seed) => {
        const text = randomJson(json(each), seededRandom(seed));
        const value = JSON.parse(text);
        expect(valid({ allOf: [each] }, value), `${JSON.stringify(each)} wrote ${text}`).toBe(true);
      }),
      { numRuns: tried(20, 100) },
    );
  });

  it('allows whole numbers exactly within their bounds', () => {
    fc.assert(
      fc.property(whole, fc.integer({ min: -2500, max: 2500 }), (bound, value) => {
        const inside = bound.minimum <= value && value <= bound.maximum;
        expect(matches(json({ type: 'integer', ...bound }), String(value))).toBe(inside);
        expect(matches(json({ type: 'number', ...bound }), `${value}.5`)).toBe(
          bound.minimum <= Number(`${value}.5`) && Number(`${value}.5`) <= bound.maximum,
        );
      }),
    );
  });

  it('allows any JSON value where it is left out, as JSON.stringify writes it', () => {
    const any = json();
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/\\ud[89a-f]/i.test(text) && !/\d{16}|e[+-]?\d{3}/.test(text));
        expect(matches(any, text), text).toBe(true);
        expect(matches(any, JSON.stringify(value, null, 2).replaceAll(/\n {32,}/g, '\n')), text).toBe(true);
        expect(matches(any, `${text}}`)).toBe(false);
      }),
    );
  });

  it('follows a $ref into itself, as deep as it goes', () => {
    const tree = {
      $ref: '#/$defs/tree',
      $defs: {
        tree: {
          type: 'object',
          properties: { is: { type: 'integer' }, of: { type: 'array', items: { $ref: '#/$defs/tree' } } },
          required: ['is'],
        },
      },
    };
    let text = '{"is":1}';
    for (let depth = 0; depth < 300; depth++) text = `{"is":2,"of":[${text}]}`;
    const given = json(tree);
    expect(matches(given, text)).toBe(true);
    expect(matches(given, text.replace('{"is":1}', '{"of":[]}'))).toBe(false);
    expect(valid(tree, JSON.parse(text))).toBe(true);
  });

  it('lets no other member take a name that has its own schema', () => {
    const given = json({
      type: 'object',
      properties: { ab: { type: 'integer' } },
      additionalProperties: { type: 'string' },
    });
    expect(matches(given, '{"ab":1,"abc":"x","a":"y"}')).toBe(true);
    expect(matches(given, '{"ab":"x"}')).toBe(false);
    expect(matches(given, '{"a":"y","ab":"x"}')).toBe(false);
  });

  it('may have thousands of definitions, each with the next', () => {
    const refs = json(chain(6000, ($ref) => ({ $ref })));
    expect(matches(refs, '"x"')).toBe(true);
    expect(matches(refs, '1')).toBe(false);
    const lists = chain(1600, ($ref) => ({ type: 'array', items: { $ref } }));
    expect(matches(json(lists), '[[[]]]')).toBe(true);
  });

  it('may have long constants', () => {
    const long = 'x'.repeat(30_000);
    const constant = { $defs: { a: { const: long } }, $ref: '#/$defs/a' };
    expect(matches(json(constant), `"${long}"`)).toBe(true);
    expect(() => compileGrammar(json({ const: 'x'.repeat(250_000) }))).not.toThrow();
  });

  it('may have long names beside others', () => {
    const name = 'n'.repeat(10_000);
    const named = json({ properties: { [name]: { type: 'integer' } }, additionalProperties: true });
    expect(matches(named, `{"${name}":1,"${name}n":"y"}`)).toBe(true);
    expect(matches(named, `{"${name}":"x"}`)).toBe(false);
  });

  it('may have thousands of properties, any of them left out', () => {
    const names = Array.from({ length: 2000 }, (_, i) => `p${i}`);
    const properties = Object.fromEntries(names.map((each) => [each, { type: 'integer' }]));
    for (const additionalProperties of [false, { type: 'null' }]) {
      const given = json({ type: 'object', properties, required: ['p1000'], additionalProperties });
      expect(matches(given, '{"p0":1,"p7":1,"p1000":2,"p1999":3}')).toBe(true);
      expect(matches(given, '{"p1000":2}')).toBe(true);
      expect(matches(given, '{"p0":1,"p1001":2}')).toBe(false);
      expect(matches(given, '{"p7":1,"p0":1,"p1000":2}')).toBe(false);
      expect(matches(given, '{"p1000":2,"q":null,"r":null}')).toBe(additionalProperties !== false);
    }
  });

  it('allows the members of an object in its order, each at most once, those required never left out', () => {
    const members = fc.array(fc.constantFrom('required', 'optional', 'impossible'), { maxLength: 9 });
    fc.assert(
      fc.property(members, fc.boolean(), fc.nat(511), (kinds, others, chosen) => {
        const given = json({
          type: 'object',
          properties: Object.fromEntries(
            kinds.map((kind, i) => [`m${i}`, kind !== 'impossible' && { const: i }]),
          ),
          required: kinds.flatMap((kind, i) => (kind === 'required' ? [`m${i}`] : [])),
          additionalProperties: others,
        });
        const taken = kinds.flatMap((_, i) => ((chosen >> i) & 1 ? [i] : []));
        const fits = kinds.every((kind, i) => {
          if (kind === 'optional') return true;
          return taken.includes(i) === (kind === 'required');
        });
        const written = taken.map((i) => `"m${i}":${i}`);
        expect(matches(given, `{${written.join()}}`)).toBe(fits);
        expect(matches(given, `{${[...written, '"x":0', '"y":0'].join()}}`)).toBe(fits && others);
        if (written.length > 1) expect(matches(given, `{${written.reverse().join()}}`)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[object, RegExp]>([
    [{ type: 'objekt' }, /at # has the type "objekt"/],
    [
      { properties: { a: { type: 'string', format: 'date', uniqueItems: true } } },
      /at #\/properties\/a has the keyword 'uniqueItems'/,
    ],
    [{ oneOf: [{ type: 'string' }, { type: 'null' }] }, /'oneOf'.*Use 'anyOf'/],
    [{ $ref: '#' }, /at # allows no value that ends/],
    [{ type: 'object', properties: { c: { $ref: '#' } }, required: ['c'] }, /allows no value that ends/],
    [{ $ref: '#/$defs/no' }, /leads nowhere/],
    [{ $ref: 'https://example.com/schema' }, /inside the same schema/],
    [{ type: 'integer', minimum: 5, maximum: 4 }, /allows no number/],
    [{ type: 'string', minLength: 3, maxLength: 2 }, /which nothing fits/],
    [{ type: 'string', pattern: '(' }, /pattern at # is not valid/],
    [{ enum: [] }, /allows no value at all/],
    [{ items: nested(150) }, /more than 100 levels deep/],
    [{ enum: Array.from({ length: 60_000 }, (_, i) => i) }, /at most 262144/],
    [deepList(50_000), /more than 100 levels deep/],
    [chain(6000, ($ref, i) => (i === 5999 ? { $ref: '#/$defs/a0' } : { $ref })), /allows no value that ends/],
    [chain(3000, ($ref) => ({ anyOf: [{ $ref }, { type: 'null' }] })), /more than 500 '\$ref' and 'anyOf'/],
    [{ properties: { ['n'.repeat(20_000)]: {} }, additionalProperties: true }, /16384 characters/],
    [{ properties: distinct(5000), additionalProperties: true }, /too large/],
  ])('that cannot be kept is refused with the place and the keyword (%#)', (schema, why) => {
    const failure = expect.objectContaining({ code: 'request-invalid', message: expect.stringMatching(why) });
    expect(() => compileGrammar(json(schema))).toThrow(expect.objectContaining({ failure }));
  });
});

function nested(depth: number): object {
  return depth === 0 ? {} : { items: nested(depth - 1) };
}

function deepList(depth: number): object {
  return { const: JSON.parse('['.repeat(depth) + ']'.repeat(depth)) };
}

/** Definitions that each lead to the next by `link`, the last of them a string, unless `link` says otherwise. */
function chain(length: number, link: (next: string, i: number) => object): object {
  const names = Array.from({ length }, (_, i) => `a${i}`);
  const made = names.map((name, i) => [name, link(`#/$defs/a${i + 1}`, i)] as const);
  return { $defs: { ...Object.fromEntries(made), [`a${length}`]: { type: 'string' } }, $ref: '#/$defs/a0' };
}

/** A property whose name has this many characters, no two the same. */
function distinct(length: number): object {
  return { [String.fromCodePoint(...Array.from({ length }, (_, i) => 0x4e00 + i))]: {} };
}
