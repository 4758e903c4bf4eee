/** What an earlier fetch of a model left, which the next one goes on with. */

import { diskBytes, type FetchedModel, storedFiles } from '../models/catalog.ts';
import { openStaging } from './staging.ts';

/** The share of the model that is there, in (0, 1]; undefined where nothing is. `folder` is that of all fetched models. */
export async function unfinishedShare(folder: string, model: FetchedModel): Promise<number | undefined> {
  const shares = await Promise.all(
    model.sources.map(async (source) => {
      const staging = openStaging(folder, model, source);
      const sizes = await Promise.all(storedFiles(source).map((file) => staging.sizeOf(file)));
      return sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, diskBytes(source));
    }),
  );
  const most = Math.max(0, ...shares);
  return most > 0 ? most : undefined;
}
