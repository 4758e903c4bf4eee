/** Removes what was built of an expert that nobody wants any more, unless another expert is built from the same tensors. */

import { removeBuilt } from '../graph/remove-built.ts';
import { type LayoutOptions, layoutOf } from './layout.ts';

/** Bytes that are free again; `folders` are those of the experts that stay. */
export async function discardBuilt(place: LayoutOptions): Promise<number> {
  const { cacheFolder, precision, folders = [] } = place;
  const layout = await layoutOf(place).catch(() => undefined);
  // An adapter has no graph of its own that was kept; where nothing can be read, nothing can be found either.
  if (layout === undefined || layout.adapter !== undefined) return 0;
  for (const folder of folders) {
    const other = await layoutOf({
      folder,
      folders: [place.folder, ...folders],
      precision,
      cacheFolder,
    }).catch(() => undefined);
    if (other?.graph === layout.graph) return 0;
  }
  return removeBuilt(layout, cacheFolder);
}
