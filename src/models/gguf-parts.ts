/** A GGUF model that was split into several files: NAME-00001-of-00003.gguf and so on, as llama.cpp's gguf-split names them. */

import { basename, dirname, join } from 'node:path';

const partName = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i;

/** Each stays open while the model is read. */
const MOST_PARTS = 500;

/** All files of the model that `file` is or belongs to, by its name alone; the first has what describes the model. */
export function ggufParts(file: string): string[] {
  const [, prefix = '', own = '', count = '', suffix = ''] = partName.exec(basename(file)) ?? [];
  const [no, parts] = [Number(own), Number(count)];
  if (count === '' || no < 1 || no > parts || parts > MOST_PARTS) return [file];
  return Array.from({ length: parts }, (_, i) =>
    join(dirname(file), `${prefix}-${String(i + 1).padStart(5, '0')}-of-${count}${suffix}`),
  );
}
