/** Every option of a request as a flag, for a single request without JSON. */

import { readFileSync } from 'node:fs';
import { ChorusError } from '../protocol/failure.ts';

const string = { type: 'string' } as const;
const strings = { type: 'string', multiple: true } as const;

export const options = {
  id: string,
  expert: strings,
  veto: strings,
  precision: string,
  device: string,
  'context-limit': string,
  pool: string,
  power: string,
  weighting: string,
  prompt: string,
  message: strings,
  prefix: string,
  suffix: string,
  file: string,
  repository: string,
  'max-tokens': string,
  'when-full': string,
  temperature: string,
  'top-k': string,
  'top-p': string,
  'min-p': string,
  seed: string,
  stop: strings,
  accelerate: string,
  candidates: string,
  regex: string,
  'json-schema': string,
  route: string,
  'route-within': string,
  trace: { type: 'boolean' },
  continuation: string,
} as const;

type Values = { readonly [K in keyof typeof options]?: string | boolean | readonly string[] | undefined };

export function hasFlags(values: Values): boolean {
  return Object.keys(values).length > 0;
}

/** The request that the flags spell; what is wrong with it is found where every request is checked. */
export function requestOf(values: Values): object {
  const numbers = {
    contextLimit: values['context-limit'],
    power: values.power,
    maxTokens: values['max-tokens'],
    temperature: values.temperature,
    topK: values['top-k'],
    topP: values['top-p'],
    minP: values['min-p'],
    seed: values.seed,
    candidates: values.candidates,
    routeWithin: values['route-within'],
  };
  const { id, precision, device, pool, weighting, prompt, stop, accelerate, regex, route, trace } = values;
  const { continuation } = values;
  const request: Record<string, unknown> = {
    id,
    experts: expertsOf({ expert: values.expert ?? ['pocket/code', 'pocket/math'], veto: values.veto }),
    precision,
    device,
    pool,
    weighting,
    prompt,
    messages: values.message && list(values.message).map((content) => ({ role: 'user', content })),
    infill: infillOf(values),
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, numberOf(value)])),
    stop,
    whenFull: values['when-full'],
    accelerate,
    regex,
    jsonSchema: values['json-schema'] && schemaOf(String(values['json-schema'])),
    route,
    trace,
    continuation,
  };
  return JSON.parse(JSON.stringify(request));
}

/** The experts that `--expert` and `--veto` name. */
export function expertsOf({ expert = [], veto = [] }: Pick<Values, 'expert' | 'veto'>): readonly object[] {
  return [...list(expert).map(expertOf), ...list(veto).map((text) => ({ ...expertOf(text), role: 'veto' }))];
}

function infillOf({ prefix, ...beside }: Values): object | undefined {
  const { suffix, file, repository } = beside;
  if (prefix !== undefined) return { prefix, suffix, file, repository };
  const idle = (['suffix', 'file', 'repository'] as const).find((name) => beside[name] !== undefined);
  if (idle === undefined) return undefined;
  throw new ChorusError(
    'request-invalid',
    `--${idle} has no effect without --prefix, the text before the cursor. Give --prefix, or leave --${idle} out.`,
  );
}

function list(value: Values[keyof Values]): readonly string[] {
  return typeof value === 'object' ? value : [String(value)];
}

/** `model=weight`; the weight is 1 where it is left out. */
function expertOf(text: string): object {
  const at = text.lastIndexOf('=');
  return at === -1 ? { model: text } : { model: text.slice(0, at), weight: numberOf(text.slice(at + 1)) };
}

/** The schema itself, or the file that holds it. */
function schemaOf(given: string): unknown {
  const isFile = !/^\s*(\{|true$|false$)/.test(given);
  try {
    return JSON.parse(isFile ? readFileSync(given, 'utf8') : given);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ChorusError(
      'request-invalid',
      `--json-schema: ${isFile ? `${given} cannot be read as JSON` : 'this is not valid JSON'}: ${why}`,
    );
  }
}

/** Text that is no number stays text, so that the check can name it. */
export function numberOf(value: Values[keyof Values]): unknown {
  if (value === undefined) return undefined;
  const number = Number(value);
  return value === '' || Number.isNaN(number) ? value : number;
}
