/** What `chorus --help` and `chorus COMMAND --help` say. */

export type Command = keyof typeof helps;

const request = `A request, as JSON fields or flags (lists repeat the flag):
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
  infill       {"prefix", "suffix", "file", "repository", "chunks"}    --prefix TEXT --suffix TEXT --file NAME
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
A bad request: {"id", "error": {"code", "message"}}; the lines after it are answered all the same. A field that changes nothing
beside the others (topK at temperature 0, for instance) is named in 'notes' of the result.
`;

/** How experts that were named are mixed. */
const rules = `  --veto MODEL=1       an expert that only lowers what the others propose
  --pool, --power, --weighting, --precision, --device
                       as for a request (chorus generate --help)`;

const exits = `Exit codes: 0, 1 where something failed, 2 where the command line is not understood, 130 where it was cancelled.
`;

export const helps = {
  generate: `Usage: chorus generate [options]

One JSON request a line from standard input, one JSON result a line to standard output; or one request by flags.

${request}`,
  score: `Usage: chorus score [options]

How probable is a continuation? One JSON request a line from standard input, with 'prompt' and 'continuation', one JSON result a line to
standard output; or one request by flags.

${request}`,
  chat: `Usage: chorus chat [options]

Answers by the mix Tiny. Where its base, SmolLM2-135M-Instruct, is not on the machine, it says what would be fetched and asks; after no,
or whatever goes wrong, the pocket experts answer.

  --mix NAME           a ready mix of the catalogue: pocket, tiny, small or code-maths; what it needs is fetched in the same way
  --pocket             the pocket experts, without a question
  --fetch              fetches without asking
  --offline            or CHORUS_OFFLINE=1: no connection
  --hub, --pip         where models come from, as for chorus models
`,
  complete: `Usage: chorus complete FILE [--line 10] [--column 5] [options]
       chorus complete [options] < TEXT

Prints what the experts would write at the cursor: the end of the file unless --line, counted from 1, and --column say where (the column is
the character that the cursor stands before; without one the cursor is at the end of the line). From standard input the
cursor is where the text says <cursor>, or at its end. Nothing is printed where there is nothing to suggest, and why is said on standard error.

  --json               a JSON line: text, replaceRight (how many characters right of the cursor it stands for), stop, shares, weights, unit
  --max-tokens 64      the longest completion
  --expert MODEL=1     and more of them: pocket/code, tiny/base, a folder, a GGUF file; without any the mix Tiny, where its base was fetched,
                       or else the pocket experts for code and maths
${rules}
`,
  advise: `Usage: chorus advise --model pocket/code --model pocket/general --file src/a.ts --file src/b.ts

--memory-limit 500 (MB, for the chosen experts together), --precision q4, --table (a readable table, to standard error).
The line: chosen {members: [{id, weight}], bitsPerByte, memoryBytes, ...} or null, verdict, rows (each expert alone and each
set that was tried, with the gain in bits per byte and its standard error), unmeasured, sample.
`,
  merge: `Usage: chorus merge config.yml FOLDER [--force] [--random-seed 0]

The recipe is mergekit's YAML: merge_method linear, slerp, task_arithmetic, ties, dare_linear, dare_ties, or emr (Chorus's own);
models are pocket/code, folders, or BASE+ADAPTER. The result is an expert like any other; its chorus.json says how it was made.
--force replaces an earlier merge. Of an emr merge each expert can be had back: chorus merge --rebuild pocket/code EMR FOLDER.
`,
  models: `Usage: chorus models (--json: a line each), chorus models fetch ID, chorus models remove ID, chorus models import PATH,
       chorus models export ID... FILE.zip, chorus models import-bundle FILE.zip, chorus models connections (--json)

A fetch shows its progress on standard error and writes the model's folder to standard output; a folder that is there already
is given at once. It goes on with what an earlier one left. Nothing is fetched without this command, or your agreement in the chat
or the editor.
import looks through a model that you have (a GGUF file as llama.cpp, Ollama and LM Studio keep them, a folder of safetensors or
ONNX, a LoRA adapter, whose base --base PATH names), makes its graph, and writes what to name as an expert. Nothing is copied.
export writes models that are here into one archive, for a machine that reaches no network; import-bundle takes them out of it there. Each file
is compared by size and SHA-256 with the archive's list and with the catalogue.
connections lists every connection that was ever made, the newest first: when, where, how much, what for, and how it ended.
--hub URL    a hub that answers as Hugging Face does; or CHORUS_HUB; CHORUS_HUB_TOKEN is sent to that hub alone
--pip "C"    how pip is called, for models in Python packages; or CHORUS_PIP. Its own configuration (index, proxy) holds
--offline    forbids every connection; or CHORUS_OFFLINE=1
Proxies for the hub: HTTPS_PROXY, HTTP_PROXY, NO_PROXY. Models lie in the folder 'models' of the cache (CHORUS_CACHE), every
connection is listed in connections.jsonl beside it.
`,
  serve: `Usage: chorus serve [options]

An OpenAI-compatible server on 127.0.0.1 for programs that know its key: /v1/models, /v1/chat/completions, /v1/completions (with a suffix:
fill-in-the-middle). It begins with the mix that the chat begins with, or with your own. Models are 'chorus' (that mix), mix/pocket, mix/tiny,
and each expert alone. An answer's field 'chorus' says who said what: shares, weights, agreement. Ctrl+C ends it.

  --port 8191          0 takes one that is free
  --key KEY            or CHORUS_KEY, which other users of the machine cannot see as they can command lines; without either a key is made at
                       random, shown once, and kept in serve.key in the cache folder
  --ipv6               listens on ::1, too
  --allow-origin URL   a web page of this origin may ask, with the key; may be repeated
  --mix, --pocket, --fetch, --offline, --hub, --pip
                       as for the chat (chorus chat --help)
  --expert MODEL=1     and more of them, in place of that: pocket/code, tiny/base, a folder, a GGUF file
${rules}
`,
  eval: `Usage: chorus eval [tiny | merges] [options]

Measures mixtures beside their experts alone, and beside merges of their weights. It is a part of the source and not of a package: in a
checkout this is npm run eval, whose own help it shows then.
`,
} as const;

export const overview = `Usage: chorus COMMAND [options]

Several small language models on this machine, mixed at every token.

  chat       talk to the experts in the terminal
  complete   what the experts would write at a place in a file
  generate   answers to JSON requests, a line each, for scripts; or to one by flags
  score      how probable a continuation is
  serve      the mixture for other programs on this machine, by OpenAI's protocol
  models     which models there are and where; fetches, removes, imports and bundles them
  advise     which experts to mix, with which weights, for given files
  merge      several models' weights into a new model, by a mergekit recipe
  eval       how good mixtures are beside their experts alone, in a checkout of the source

chorus COMMAND --help says more.

${exits}`;

/** After a complaint. */
export function seeHelp(command: Command): string {
  return `chorus ${command} --help lists the options.\n`;
}

export function helpOf(command: Command): string {
  return `${helps[command]}
${exits}`;
}
