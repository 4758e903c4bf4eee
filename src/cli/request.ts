/** One line of the scripting interface: parsed, checked, and turned into what the engine wants. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { surfaceOf } from '../engine/surface.ts';
import { userCacheFolder } from '../models/cache-folder.ts';
import { issueWords } from '../models/issue-words.ts';
import { isSafeName } from '../models/safe-name.ts';
import { modelsFolder } from '../models/stored-model.ts';
import { tinyExperts } from '../models/tiny.ts';
import type {
  ExpertSetting,
  GenerateRequest,
  GrammarSetting,
  MixSetting,
  Prompt,
} from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { Given } from './effects.ts';

const text = v.pipe(v.string(), v.maxLength(4_000_000));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));

const promptEntries = {
  prompt: v.optional(text),
  messages: v.optional(
    v.pipe(
      v.array(v.strictObject({ role: v.picklist(['system', 'user', 'assistant']), content: text })),
      v.minLength(1),
    ),
  ),
  infill: v.optional(
    v.strictObject({
      prefix: text,
      suffix: v.optional(text, ''),
      file: v.optional(v.string()),
      repository: v.optional(v.string()),
      chunks: v.optional(v.array(v.strictObject({ file: v.string(), text: v.string() }))),
    }),
  ),
};

const mixEntries = {
  id: v.optional(v.union([v.string(), v.number()])),
  experts: v.pipe(
    v.array(
      v.strictObject({
        model: v.pipe(v.string(), v.minLength(1)),
        base: v.optional(v.pipe(v.string(), v.minLength(1))),
        weight: v.optional(v.pipe(v.number(), v.minValue(0), v.finite()), 1),
        role: v.optional(v.picklist(['voice', 'veto']), 'voice'),
      }),
    ),
    v.minLength(1),
    v.maxLength(16),
  ),
  precision: v.optional(v.picklist(['auto', 'fp32', 'q8', 'q4']), 'auto'),
  device: v.optional(v.picklist(['auto', 'cpu', 'webgpu', 'cuda', 'directml', 'coreml']), 'cpu'),
  contextLimit: v.optional(v.pipe(whole, v.minValue(1))),
  pool: v.optional(v.picklist(['linear', 'geometric', 'power']), 'linear'),
  power: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  weighting: v.optional(v.picklist(['fixed', 'prompt', 'fixedShare', 'adaptive', 'confidence']), 'fixed'),
};

const generateSchema = v.strictObject({
  ...mixEntries,
  ...promptEntries,
  maxTokens: v.optional(v.pipe(whole, v.maxValue(1_000_000)), 128),
  whenFull: v.optional(v.picklist(['stop', 'slide']), 'stop'),
  temperature: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100)), 0),
  topK: v.optional(whole, 0),
  topP: v.optional(v.pipe(share, v.gtValue(0)), 1),
  minP: v.optional(share, 0),
  seed: v.optional(v.pipe(v.number(), v.safeInteger()), 0),
  stop: v.optional(v.array(v.pipe(v.string(), v.minLength(1))), []),
  accelerate: v.optional(v.picklist(['none', 'lookup', 'inTurn', 'lazily', 'auto']), 'none'),
  candidates: v.optional(v.pipe(whole, v.minValue(1), v.maxValue(64)), 1),
  regex: v.optional(v.string()),
  jsonSchema: v.optional(
    v.union([v.boolean(), v.looseObject({})], 'must be a JSON schema: an object or true'),
  ),
  route: v.optional(v.picklist(['never', 'auto']), 'never'),
  routeWithin: v.optional(share),
  trace: v.optional(v.boolean(), false),
});

const scoreSchema = v.strictObject({ ...mixEntries, ...promptEntries, continuation: text });
const mixSchema = v.strictObject(mixEntries);

export interface Parsed {
  readonly id: string | number | undefined;
  /** The experts' ids in the engine, in the request's order. */
  readonly ids: readonly string[];
  readonly mix: MixSetting;
  readonly prompt: Prompt;
  readonly given: Given;
}

export interface ParsedGenerate extends Parsed {
  readonly request: GenerateRequest;
}

export interface ParsedScore extends Parsed {
  readonly continuation: string;
}

/** @param models the folder of the embedded models */
export function parseGenerate(json: unknown, models: string): ParsedGenerate {
  const line = checked(generateSchema, json);
  const common = parsed(line, models);
  const grammar = grammarOf(line);
  const { maxTokens, whenFull, temperature, topK, topP, minP, seed, stop } = line;
  const { accelerate, route, routeWithin, trace } = line;
  return {
    ...common,
    request: {
      surface: surfaceOf(common.prompt),
      prompt: common.prompt,
      maxTokens,
      whenFull,
      sampling: { temperature, topK, topP, minP, seed },
      stop,
      accelerate,
      ...(grammar !== undefined && { grammar }),
      candidates: line.candidates,
      route,
      ...(routeWithin !== undefined && { routeWithin }),
      trace,
    },
  };
}

export function parseScore(json: unknown, models: string): ParsedScore {
  const line = checked(scoreSchema, json);
  if (line.experts.some(({ role }) => role === 'veto')) {
    throw new ChorusError('request-invalid', 'A score is taken without vetoes. Leave them out, or generate.');
  }
  return { ...parsed(line, models), continuation: line.continuation };
}

/** A mix without a request; the experts' ids are what they are named by. */
export function parseMix(json: unknown, models: string): MixSetting {
  const line = checked(mixSchema, json);
  const names = line.experts.map(({ model }) => model);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new ChorusError('request-invalid', `The expert '${twice}' is named twice.`);
  return mixOf(line, models, (model) => model);
}

const STRONGEST_VETO = 1000;
/** Between the geometric pool and the linear one. */
const HALF_WAY = 0.5;

type Line = v.InferOutput<typeof generateSchema> | v.InferOutput<typeof scoreSchema>;

function parsed(line: Line, models: string): Parsed {
  const mix = mixOf(line, models, (model, i) => `${i}:${model}`);
  return {
    id: line.id,
    ids: mix.experts.map(({ id }) => id),
    mix,
    prompt: promptOf(line),
    given: { power: line.power !== undefined, bases: line.experts.map(({ base }) => base) },
  };
}

function mixOf(
  line: v.InferOutput<typeof mixSchema>,
  models: string,
  idOf: (model: string, i: number) => string,
): MixSetting {
  const { weighting } = line;
  const strong = line.experts.find(({ role, weight }) => role === 'veto' && weight > STRONGEST_VETO);
  if (strong !== undefined) {
    throw new ChorusError(
      'request-invalid',
      `The weight of a veto is 0 to ${STRONGEST_VETO}, not ${strong.weight}; 1 lowers to what the veto itself would give.`,
    );
  }
  const voices = line.experts.filter(({ role }) => role === 'voice');
  if (voices.every(({ weight }) => weight === 0)) {
    throw new ChorusError(
      'request-invalid',
      voices.length === 0
        ? 'Every expert is a veto, and none proposes anything. Give at least one that is a voice.'
        : 'Every weight is 0. Give at least one expert a weight above 0.',
    );
  }
  const experts = line.experts.map(
    ({ model, base, weight, role }, i): ExpertSetting => ({
      id: idOf(model, i),
      ...modelPlace(model, models),
      ...(base !== undefined && { base: modelFolder(base, models) }),
      precision: line.precision,
      device: line.device,
      contextLimit: line.contextLimit,
      active: true,
      weight,
      role,
    }),
  );
  return {
    experts,
    pool: line.pool === 'power' ? { kind: 'power', exponent: line.power ?? HALF_WAY } : { kind: line.pool },
    weighting,
  };
}

function promptOf({ prompt, messages, infill }: Line): Prompt {
  const given: Prompt[] = [];
  if (prompt !== undefined) given.push({ kind: 'text', text: prompt });
  if (messages !== undefined) given.push({ kind: 'messages', messages });
  if (infill !== undefined) {
    const { file, repository, chunks, ...around } = infill;
    given.push({
      kind: 'infill',
      ...around,
      ...(file !== undefined && { file }),
      ...(repository !== undefined && { repository }),
      ...(chunks !== undefined && { chunks }),
    });
  }
  const [only, second] = given;
  if (only !== undefined && second === undefined) return only;
  throw new ChorusError(
    'request-invalid',
    given.length === 0
      ? "Give one of 'prompt', 'messages' and 'infill' (as a flag: --prompt, --message or --prefix)."
      : `Give exactly one of 'prompt', 'messages' and 'infill'; this request has ${given.length}.`,
  );
}

function grammarOf({ regex, jsonSchema }: v.InferOutput<typeof generateSchema>): GrammarSetting | undefined {
  if (regex !== undefined && jsonSchema !== undefined) {
    throw new ChorusError('request-invalid', "Give one of 'regex' and 'jsonSchema', not both.");
  }
  if (regex !== undefined) return { kind: 'regex', pattern: regex };
  return jsonSchema === undefined ? undefined : { kind: 'json', schema: jsonSchema };
}

/** What is wrong with the request, in words for people. */
function complaint(issue: v.BaseIssue<unknown>, json: unknown): string {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return 'A request must be a JSON object.';
  const where = v.getDotPath(issue);
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `There is no field '${where}'. Run 'chorus generate --help' for the fields of a request.`;
  }
  if (issue.received === 'undefined') return `'${where}' is missing.`;
  return `${issueWords(issue)}.`;
}

/** An expert that Chorus knows by name (`pocket/code`, `tiny/base`, the id of a fetched model), or any folder or GGUF file. */
export function modelPlace(model: string, models: string): Pick<ExpertSetting, 'folder' | 'base'> {
  if (/^pocket\/[a-z]+$/.test(model)) return { folder: join(models, model) };
  const cache = userCacheFolder(process.env);
  const known = tinyExperts({ models, cache }).find(({ id }) => id === model);
  if (known === undefined) return { folder: fetchedFolder(model, cache) ?? resolve(model) };
  const { folder, base } = known;
  return { folder, ...(base !== undefined && { base }) };
}

/** Where a model of the catalogue lies, once it was fetched; a folder of that name in the working folder goes before it. */
function fetchedFolder(id: string, cache: string): string | undefined {
  const folder = join(modelsFolder(cache), id);
  return isSafeName(id) && !existsSync(id) && existsSync(folder) ? folder : undefined;
}

/** The folder alone. */
export function modelFolder(model: string, models: string): string {
  return modelPlace(model, models).folder;
}

function checked<Schema extends v.GenericSchema>(schema: Schema, json: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  throw new ChorusError('request-invalid', complaint(result.issues[0], json));
}
