// `npm run bench -- quantization`: bundles the measurement and runs it.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { main } from '../../scripts/process.mjs';
import { buildPrograms, load, root } from '../bundle.mjs';

const pocketExperts = ['general', 'code', 'math'];

/** `beside` is where SmolLM2-135M-Instruct lies if it is there. A failure prints its sentence and sets the exit code. */
export async function compareQuantized({ values, beside }) {
  await main(async () => {
    const besideData = join(root, '..', 'shared', 'data');
    const exported = values.model === undefined ? beside : resolve(values.model[0]);
    // The pocket experts that come along have no tensors.
    const folders = pocketExperts.map((name) => join(beside, '..', 'pocket', name));
    buildPrograms();
    process.env.ORT_DISABLE_TELEMETRY = '1';
    const { module } = await load('quantization/main', join(root, '.cache', 'bench'));
    await module.compareQuantization({
      root,
      folders: values.tensors?.map((folder) => resolve(folder)) ?? folders.filter(existsSync),
      exported: existsSync(exported) ? exported : undefined,
      gguf: values.gguf && resolve(values.gguf),
      fetch: values.fetch,
      data: resolve(
        values.data ?? (existsSync(besideData) ? besideData : join(root, 'bench', 'quality', 'data')),
      ),
      cases: Number(values.cases),
      tokens: Number(values.tokens),
      seed: 1,
      command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    });
  });
}
