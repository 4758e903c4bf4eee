/** The pocket expert `code` as Hugging Face has models, without any graph. */

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportTensors, sourceOf } from '../graph/export-tensors.ts';
import { safetensorsBytes } from '../graph/safetensors-bytes.ts';
import { pocket, temporaryFolder } from '../programs.ts';

export async function modelFolder(): Promise<string> {
  const folder = temporaryFolder();
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'chorus.json'])
    copyFileSync(join(pocket('code'), name), join(folder, name));
  const tensors = await exportTensors('code');
  const { tensors: infos } = await sourceOf('code', tensors);
  const written = Object.fromEntries(
    [...tensors].map(([name, values]) => [
      name,
      { dtype: 'F32', shape: infos.get(name)?.shape ?? [], data: new Uint8Array(values.buffer) },
    ]),
  );
  writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes(written));
  return folder;
}
