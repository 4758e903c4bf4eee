/**
 * Reads a merge recipe in mergekit's YAML (github.com/arcee-ai/mergekit). What it knows and Chorus does not do is refused by name;
 * what changes nothing here is noted.
 */

import * as v from 'valibot';
import { parse } from 'yaml';
import { issueWords } from '../models/issue-words.ts';
import { ChorusError } from '../protocol/failure.ts';
import {
  type MergeMethod,
  mergeMethods,
  type Recipe,
  type Slice,
  type Source,
  type StoredType,
} from './recipe.ts';
import { settingSchema } from './setting-value.ts';

const LONGEST = 1024 * 1024;
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const parameters = v.nullish(v.record(v.pipe(v.string(), v.maxLength(100)), settingSchema), {});
const layer = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000));
const many = <S extends v.GenericSchema>(schema: S) =>
  v.pipe(v.array(schema), v.minLength(1), v.maxLength(1000));

const schema = v.strictObject({
  merge_method: name,
  base_model: v.nullish(name),
  models: v.nullish(many(v.strictObject({ model: name, parameters }))),
  slices: v.nullish(
    many(
      v.strictObject({
        sources: many(v.strictObject({ model: name, layer_range: v.tuple([layer, layer]), parameters })),
        parameters,
      }),
    ),
  ),
  parameters,
  dtype: v.nullish(v.string()),
  out_dtype: v.nullish(v.string()),
  tokenizer_source: v.nullish(name),
  tokenizer: v.nullish(v.strictObject({ source: v.nullish(name) })),
});

/** Keys of mergekit that Chorus does not read, and what to do instead. */
const refusedKeys: Readonly<Record<string, string>> = {
  modules: 'Merge the module that is the language model alone, with models or slices',
  chat_template: "Leave it out, and change chat_template in the result's tokenizer_config.json",
  residual_weight: 'Leave it out',
  tokens: 'Leave it out: Chorus merges models with the same vocabulary only',
  pad_to_multiple_of: 'Leave it out: Chorus merges models with the same vocabulary only',
};

/** Methods of mergekit that Chorus does not have, with the nearest that it has. */
const nearest: Readonly<Record<string, MergeMethod>> = {
  arcee_fusion: 'ties',
  breadcrumbs: 'task_arithmetic',
  breadcrumbs_ties: 'ties',
  della: 'dare_ties',
  della_linear: 'dare_linear',
  karcher: 'slerp',
  model_stock: 'linear',
  multislerp: 'slerp',
  nearswap: 'linear',
  nuslerp: 'slerp',
  passthrough: 'linear',
  ram: 'ties',
  sce: 'ties',
};

const known: Readonly<Record<MergeMethod, readonly string[]>> = {
  linear: ['weight', 'normalize'],
  slerp: ['t'],
  task_arithmetic: ['weight', 'normalize', 'lambda'],
  ties: ['weight', 'density', 'normalize', 'lambda'],
  dare_linear: ['weight', 'density', 'normalize', 'lambda', 'rescale'],
  dare_ties: ['weight', 'density', 'normalize', 'lambda', 'rescale'],
  emr: [],
};
const harmless = ['int8_mask', 'weight', 'density', 'normalize', 'lambda', 'rescale', 't'];

/** @param file for errors; rejects with a `ChorusError` of code `request-invalid` */
export function parseRecipe(text: string, file: string): Recipe {
  const json = readYaml(text, file);
  refuseKeys(json, file);
  const checked = v.safeParse(schema, json, { abortEarly: true });
  if (!checked.success) throw invalid(file, complaint(checked.issues[0]));
  return recipeOf(checked.output, file);
}

function readYaml(text: string, file: string): unknown {
  if (text.length > LONGEST)
    throw invalid(file, `it has ${text.length} characters, and a recipe at most ${LONGEST}`);
  try {
    const options = { prettyErrors: true, maxAliasCount: 50, merge: true, logLevel: 'error' } as const;
    return parse(text, options);
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
    throw invalid(file, `it is not YAML: ${why.slice(0, 200)}`);
  }
}

function refuseKeys(json: unknown, file: string): void {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid(file, 'it does not hold settings such as merge_method and models');
  }
  const objects: unknown[] = [json];
  for (const at of ['slices', 'tokenizer'] as const) {
    if (Object.hasOwn(json, at)) objects.push((json as Record<string, unknown>)[at]);
  }
  for (const one of objects.flat()) {
    if (typeof one !== 'object' || one === null) continue;
    for (const [key, value] of Object.entries(one)) {
      const remedy = Object.hasOwn(refusedKeys, key) ? refusedKeys[key] : undefined;
      if (remedy !== undefined && value !== null && value !== undefined) {
        throw invalid(file, `'${key}' is not supported`, remedy);
      }
      if (key === 'base_model' && one !== json) {
        throw invalid(
          file,
          "a 'base_model' within a slice is not supported",
          'Give one for the whole recipe',
        );
      }
    }
  }
}

function complaint(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue);
  if (issue.type === 'strict_object' && issue.expected === 'never') return `there is no setting '${where}'`;
  if (issue.received === 'undefined') return `'${where}' is missing`;
  return issueWords(issue);
}

type Yaml = v.InferOutput<typeof schema>;

function recipeOf(yaml: Yaml, file: string): Recipe {
  const method = methodOf(yaml.merge_method, file);
  const base = yaml.base_model ?? undefined;
  const slices = slicesOf(yaml, file);
  const models: readonly Source[] = (yaml.models ?? slices[0]?.sources ?? []).map(plainSource);
  if ((yaml.models ?? undefined) !== undefined && slices.length > 0) {
    throw invalid(file, "it has both 'models' and 'slices'", 'Keep one of them');
  }
  if (models.length === 0) throw invalid(file, "it names no 'models'");
  const repeated = models.find(({ model }, i) => models.findIndex((one) => one.model === model) !== i);
  if (repeated !== undefined) throw invalid(file, `it names ${repeated.model} twice`);
  const others = models.filter(({ model }) => model !== base);
  if (method === 'slerp') {
    if (base === undefined) throw invalid(file, "'slerp' goes from a 'base_model', which is missing");
    if (others.length !== 1)
      throw invalid(file, `'slerp' takes the base_model and one other, not ${others.length}`);
  } else if (method === 'linear') {
    if (base !== undefined && others.length === models.length) {
      throw invalid(file, "'linear' has no use for a base_model that is not among 'models'", 'Leave it out');
    }
  } else {
    if (base === undefined) throw invalid(file, `'${method}' adds to a 'base_model', which is missing`);
    if (others.length === 0) throw invalid(file, 'it names no model beside its base_model');
  }
  const all = [yaml.parameters, ...models.map((source) => source.parameters)];
  for (const slice of slices) all.push(slice.parameters, ...slice.sources.map((source) => source.parameters));
  const notes = parameterNotes(method, all, file);
  const tokenizer = tokenizerOf(yaml, { file, base, models, notes });
  const type = typeOf(yaml.out_dtype ?? yaml.dtype, file);
  return { method, base, models, slices, parameters: yaml.parameters ?? {}, type, tokenizer, notes };
}

function methodOf(given: string, file: string): MergeMethod {
  const found = mergeMethods.find((method) => method === given);
  if (found !== undefined) return found;
  const near = Object.hasOwn(nearest, given) ? nearest[given] : undefined;
  throw invalid(
    file,
    `the merge_method '${given.slice(0, 100)}' is not supported`,
    near === undefined
      ? `Chorus merges by ${mergeMethods.join(', ')}`
      : `The nearest that Chorus has is ${near}`,
  );
}

function plainSource({ model, parameters: own }: { model: string; parameters?: Yaml['parameters'] }): Source {
  return { model, parameters: own ?? {} };
}

/** Slices that put the layers of all their sources where they were. */
function slicesOf(yaml: Yaml, file: string): Slice[] {
  let next = 0;
  const names = (sources: readonly { model: string }[]): string =>
    JSON.stringify(sources.map(({ model }) => model).sort());
  return (yaml.slices ?? []).map(({ sources, parameters: own }, i): Slice => {
    const [first, end] = sources[0]?.layer_range ?? [0, 0];
    const alike = sources.every(({ layer_range: [a, b] }) => a === first && b === end);
    if (
      !alike ||
      first !== next ||
      end <= first ||
      names(sources) !== names(yaml.slices?.[0]?.sources ?? [])
    ) {
      throw invalid(
        file,
        `slices[${i}] moves, repeats or leaves out layers, or has other models than the first, which is not supported`,
        'Let the slices go through all layers in order, each with the same models and one layer_range for all of them',
      );
    }
    next = end;
    return { first, end, sources: sources.map(plainSource), parameters: own ?? {} };
  });
}

function parameterNotes(
  method: MergeMethod,
  all: readonly (Yaml['parameters'] | undefined)[],
  file: string,
): string[] {
  const names = new Set(all.flatMap((one) => Object.keys(one ?? {})));
  const notes: string[] = [];
  for (const key of names) {
    if (known[method].includes(key)) continue;
    if (!harmless.includes(key)) {
      const can = known[method].length === 0 ? 'takes none' : `takes ${known[method].join(', ')}`;
      throw invalid(file, `the parameter '${key.slice(0, 100)}' is not supported`, `'${method}' ${can}`);
    }
    notes.push(
      key === 'int8_mask'
        ? "'int8_mask' has no effect: masks never lie in memory here."
        : `'${key}' has no effect on '${method}'.`,
    );
  }
  return notes;
}

interface ForTokenizer {
  readonly file: string;
  readonly base: string | undefined;
  readonly models: readonly Source[];
  readonly notes: string[];
}

function tokenizerOf(yaml: Yaml, { file, base, models, notes }: ForTokenizer): string | undefined {
  const given = yaml.tokenizer?.source ?? yaml.tokenizer_source ?? undefined;
  if (given === undefined || given === 'base') return undefined;
  if (given === 'union') {
    notes.push("'tokenizer_source: union' has no effect: only models with the same vocabulary are merged.");
    return undefined;
  }
  if (given !== base && models.every(({ model }) => model !== given)) {
    throw invalid(file, `'tokenizer_source' names ${given.slice(0, 200)}, which is not among the models`);
  }
  return given;
}

function typeOf(given: string | null | undefined, file: string): StoredType | undefined {
  switch (given ?? undefined) {
    case undefined:
    case 'auto':
      return undefined;
    case 'float32':
      return 'f32';
    case 'float16':
      return 'f16';
    case 'bfloat16':
      return 'bf16';
    default:
      throw invalid(
        file,
        `'${given?.slice(0, 100)}' is not supported as a type`,
        'Write float32, float16 or bfloat16',
      );
  }
}

function invalid(file: string, why: string, remedy = 'Correct the recipe'): ChorusError {
  return new ChorusError(
    'request-invalid',
    `${file} cannot be used as a merge recipe: ${why}. ${remedy}.`,
    file,
  );
}
