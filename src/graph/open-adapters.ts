/** The adapters of several experts over one base, open for as long as a graph is written from them. */

import { type Adapter, openAdapter } from './adapter.ts';
import type { TensorSource } from './tensor-source.ts';

/**
 * @param folders one for each expert, null for the base itself
 * @param base the base's tensors under Hugging Face's names
 */
export async function withAdapters<T>(
  folders: readonly (string | null)[],
  base: TensorSource['tensors'],
  use: (adapters: readonly (Adapter | null)[]) => Promise<T>,
): Promise<T> {
  const adapters: (Adapter | null)[] = [];
  try {
    for (const folder of folders) adapters.push(folder === null ? null : await openAdapter(folder, base));
    return await use(adapters);
  } finally {
    await Promise.all(adapters.map((adapter) => adapter?.close()));
  }
}
