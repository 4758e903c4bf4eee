// How often two forms of one model find the same next token likeliest: `node bench/agreement.mjs FIRST SECOND [--precisions fp32,q4]`.
// Each is a folder or a GGUF file. With --llama the second is a GGUF file, and llama.cpp reads it (the first time installs it, as for
// `npm run bench -- peers`).
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installDependencies } from '../scripts/install.mjs';
import { buildPrograms, load, root } from './bundle.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    precisions: { type: 'string', default: 'auto,auto' },
    llama: { type: 'boolean', default: false },
  },
});
const [first, second] = positionals;
const missing = [first, second].find((place) => place === undefined || !existsSync(place));
if (positionals.length !== 2 || missing !== undefined) {
  console.error(
    positionals.length === 2
      ? `There is no "${missing}".`
      : 'Name two models, each a folder or a GGUF file: node bench/agreement.mjs FIRST SECOND',
  );
  process.exit(2);
}
if (values.llama) await installDependencies(join(root, 'bench', 'peers'));
buildPrograms();
const out = join(root, '.cache', 'bench');
mkdirSync(out, { recursive: true });
// Read when ONNX Runtime is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';
const { measureAgreement } = (await load('agreement', out)).module;
const { rows, kinds } = await measureAgreement({
  first,
  second,
  precisions: values.precisions.split(','),
  programs: join(root, 'dist'),
  ...(values.llama && { llama: join(root, 'bench', 'peers', 'llama.mjs') }),
});
console.table(rows);
const percent = (part, all) => `${part} of ${all}, ${((100 * part) / all).toFixed(1)} %`;
for (const { kind, same, alike, prompts, along, positions } of kinds) {
  console.log(
    `${kind}: the same next token after ${percent(same, prompts)}; all of the first ten tokens after ${percent(alike, prompts)}; along the second's answers at ${percent(along, positions)} positions`,
  );
}
