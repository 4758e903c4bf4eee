// `npm run bench`: what mixing costs, as ratios taken in one run. Prints a table and writes .cache/bench/results.json.
// Each figure is the median over rounds in which the variants take turns, so that a drifting machine shifts all alike.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPrograms, load, root } from './bundle.mjs';
import { comparePeers } from './peers/run.mjs';
import { compareQuantized } from './quantization/run.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '64' },
    model: { type: 'string', multiple: true },
    adapter: { type: 'string', multiple: true },
    gguf: { type: 'string' },
    fetch: { type: 'boolean', default: false },
    data: { type: 'string' },
    cases: { type: 'string', default: '24' },
    tensors: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(`Usage: npm run bench -- [mixing] [decoding] [context] [adapters] [devices] [--rounds 5] [--tokens 64] [--model FOLDER ...] [--adapter FOLDER ...]

  mixing     one expert, two mixed, and the mathematics between them
  decoding   each way of needing fewer runs (accelerate) against plain mixing
  context    a token after 32, 256 and 1,000 tokens, against the graph as it was exported
  adapters   experts of one base as rows of one batch, against a session for each
  devices    what each device of this machine makes of the model beside the CPU; only where it is named
Each figure is the median over --rounds of --tokens tokens, the variants taking turns. All of it takes about ten minutes.

Measures the pocket experts, and each FOLDER (a model in the transformers.js or onnxruntime-genai layout; by default
SmolLM2-135M-Instruct where it lies beside the project). The part "adapters" runs each --adapter FOLDER over the first of these models.

       npm run bench -- peers [--rounds 5] [--tokens 64] [--model FOLDER] [--gguf FILE | --fetch]

Measures Chorus beside transformers.js on the same ONNX graph and llama.cpp on the same model as GGUF, each in a process of its
own. The first time installs them (600 MB, in bench/peers/node_modules); --fetch gets SmolLM2-135M-Instruct as GGUF (93 MB).

       npm run bench -- quantization [--cases 24] [--tokens 64] [--data FOLDER] [--tensors FOLDER ...] [--gguf FILE | --fetch] [--model FOLDER]

Measures how well text is foreseen by graphs in 4 and 8 bits that are built from tensors: of each --tensors FOLDER (model.safetensors,
and onnx/model_q4.onnx) and of a GGUF file, beside float32 and the 4-bit graph that another builder made of the same weights (--model
FOLDER for the GGUF file's). Reads the first --tokens tokens of --cases texts of each kind (--data FOLDER).`);
  process.exit(0);
}

const parts = ['mixing', 'decoding', 'context', 'adapters', 'devices', 'peers', 'quantization'];
const unknown = positionals.find((name) => !parts.includes(name));
if (unknown !== undefined) {
  console.error(`There is no benchmark "${unknown}"; there are ${parts.join(', ')}.`);
  process.exit(2);
}
const wanted = (name) => positionals.length === 0 || positionals.includes(name);
for (const name of ['rounds', 'tokens', 'cases']) {
  if (!/^[1-9]\d*$/.test(values[name])) {
    console.error(`--${name} must be a whole number of at least 1, not "${values[name]}".`);
    process.exit(2);
  }
}

const beside = join(root, '..', 'shared', 'models', 'smollm2-135m-instruct');
const adaptersBeside = ['code', 'math'].map((name) =>
  join(root, '..', 'shared', 'models', 'adapters', `smollm2-135m-${name}`),
);
const adapters =
  values.adapter ?? (values.model === undefined ? adaptersBeside.filter((folder) => existsSync(folder)) : []);
const folders = values.model ?? (existsSync(beside) ? [beside] : []);

if (positionals.includes('peers')) {
  if (positionals.length > 1) {
    console.error('"peers" is run by itself: it starts processes of its own, and others would disturb them.');
    process.exit(2);
  }
  await comparePeers({ values, beside });
  process.exit();
}

if (positionals.includes('quantization')) {
  if (positionals.length > 1) {
    console.error('"quantization" is run by itself: it takes as long as the others together.');
    process.exit(2);
  }
  await compareQuantized({ values, beside });
  process.exit();
}

for (const folder of [...folders, ...adapters]) {
  if (existsSync(folder)) continue;
  console.error(`There is no folder "${folder}".`);
  process.exit(2);
}
buildPrograms();
const out = join(root, '.cache', 'bench');
mkdirSync(out, { recursive: true });

// Read when ONNX Runtime is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';
const { measureMathematics } = (await load('mathematics', out)).module;
const { measureMixing } = (await load('mixing', out)).module;
const { measureAdapters } = (await load('adapters', out)).module;
const { measureContext } = (await load('context', out)).module;
const { measureDevices } = (await load('devices', out)).module;
const { measureDecoding } = (await load('decoding', out)).module;

const pocket = (name) => join(root, 'models', 'pocket', name);
const suites = [
  { name: 'pocket', first: pocket('code'), second: pocket('math') },
  ...folders.map((folder) => ({ name: folder.split(/[/\\]/).at(-1), first: folder, second: folder })),
];

console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
if (folders.length === 0)
  console.log('No larger model was named (--model FOLDER), so only the pocket experts are measured.');
const results = [];
for (const suite of suites) {
  const options = {
    ...suite,
    programs: join(root, 'dist'),
    rounds: Number(values.rounds),
    tokens: Number(values.tokens),
  };
  const result = { name: suite.name };
  console.log(`\n${suite.name} (q4, linear pool, greedy)`);
  if (wanted('mixing')) {
    const mixing = await measureMixing(options);
    result.mixing = mixing;
    console.table(mixing.rows);
    for (const [vocabulary, experts] of [
      [mixing.vocabulary, 2],
      // Of a model as large as SmolLM2 at least: a vocabulary like this has no pocket size.
      ...(mixing.vocabulary > 32_000 ? [[151_936, 4]] : []),
    ]) {
      const { softmaxMs, poolMs } = await measureMathematics({ vocabulary, experts, cores: cpus().length });
      const ms = experts * softmaxMs + poolMs;
      const step = (experts / 2) * mixing.mixedMs;
      console.log(
        `mixing mathematics at vocabulary ${vocabulary}, ${experts} experts: softmax ${softmaxMs.toFixed(3)} ms each, pool and draw ${poolMs.toFixed(3)} ms, ` +
          `together ${ms.toFixed(3)} ms, ${((100 * ms) / step).toFixed(1)} % of a step of ${experts} such experts`,
      );
    }
    console.log(`two mixed cost ${mixing.ratio.toFixed(2)}x one expert with all cores, a token`);
  }
  if (wanted('decoding')) {
    const decoding = await measureDecoding(options);
    result.decoding = decoding;
    console.table(decoding);
  }
  if (wanted('context')) {
    const context = await measureContext({ ...options, threads: cpus().length });
    result.context = context;
    console.table(context.rows);
  }
  if (wanted('adapters') && adapters.length > 0 && suite.first === folders[0]) {
    const measured = await measureAdapters({ ...options, adapters, cores: cpus().length });
    result.adapters = measured;
    console.table(measured.rows);
  }
  if (positionals.includes('devices')) {
    const measured = await measureDevices({ ...options, threads: cpus().length, precision: 'auto' });
    result.devices = measured;
    console.table(measured.rows);
    for (const reason of measured.refused) console.log(reason);
  }
  results.push(result);
}
writeFileSync(join(out, 'results.json'), JSON.stringify(results, null, 2));
