// `npm run bench -- peers`: installs what Chorus is measured beside, bundles the measurement and runs it.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installDependencies } from '../../scripts/install.mjs';
import { main } from '../../scripts/process.mjs';
import { buildPrograms, bundle, load, root } from '../bundle.mjs';

const THREADS = 2;

/** `beside` is where SmolLM2-135M-Instruct lies if it is there. A failure prints its sentence and sets the exit code. */
export async function comparePeers({ values, beside }) {
  await main(async () => {
    const folder = resolve(values.model?.[0] ?? beside);
    if (!existsSync(folder)) {
      throw new Error(
        `${folder} is not there. Name a model folder that has onnx/model_q4.onnx with --model.`,
      );
    }
    // Needed for nothing else, so they are installed when they are first measured.
    await installDependencies(join(root, 'bench', 'peers'));
    buildPrograms();
    const out = join(root, '.cache', 'bench');
    const ours = await bundle('peers/ours', out);
    const { module } = await load('peers/main', out);
    await module.compare({
      root,
      ours,
      folder,
      isUsual: folder === resolve(beside),
      gguf: values.gguf && resolve(values.gguf),
      fetch: values.fetch,
      rounds: Number(values.rounds),
      tokens: Number(values.tokens),
      threads: THREADS,
      command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    });
  });
}
