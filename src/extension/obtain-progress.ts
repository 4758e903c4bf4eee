/** Models on their way, with their progress as a notification that can end it. */

import { t } from '@vscode/l10n';
import type { FetchedModel } from '../models/catalog.ts';
import { fractionOfAll } from '../models/offer.ts';
import type { Failure } from '../protocol/failure.ts';
import type { ObtainChoices, ObtainOutcome, ObtainProgress, ObtainRequest } from '../protocol/obtain.ts';
import type { CallOptions } from '../protocol/rpc.ts';
import { withCancellableProgress } from './cancellable-progress.ts';
import { overall } from './fetch-offer.ts';

export type Obtain = (request: ObtainRequest, options: CallOptions<ObtainProgress>) => Promise<ObtainOutcome>;

/** As a call of the engine takes them; what comes is shown. */
type Obtaining = Required<CallOptions<ObtainProgress>>;

/** What `run` gives; `ending` ends it too. `name` is that of the model. */
export function withObtainProgress<T>(
  name: string,
  run: (options: Obtaining) => Promise<T>,
  ending: AbortController = new AbortController(),
): Thenable<T> {
  return withCancellableProgress(`Chorus: ${name}`, (token, show) => {
    token.onCancellationRequested(() => ending.abort());
    let furthest = 0;
    const onUpdate = (update: ObtainProgress): void => {
      // A second source begins anew; the bar waits for it.
      furthest = Math.max(furthest, update.fraction);
      const percent = update.stage === 'converting' ? `, ${Math.floor(100 * update.fraction)} %` : '';
      show(`${update.text}${percent}`, furthest);
    };
    return run({ signal: ending.signal, onUpdate });
  });
}

export type FetchedAll =
  | { readonly kind: 'fetched' }
  | { readonly kind: 'failed'; readonly model: FetchedModel; readonly failure: Failure };

/** One model of the catalogue after the other, with one progress for all; ends with the first that does not come. */
export function fetchWithProgress(
  models: readonly FetchedModel[],
  {
    choices,
    obtain,
    ending,
  }: { readonly choices: ObtainChoices; readonly obtain: Obtain; readonly ending: AbortController },
): Thenable<FetchedAll> {
  const run = async ({ signal, onUpdate }: Obtaining): Promise<FetchedAll> => {
    for (const [at, model] of models.entries()) {
      const named = models.length === 1 ? '' : `${model.name}: `;
      const told = (update: ObtainProgress): void =>
        onUpdate({
          ...update,
          stage: 'fetching',
          text: `${named}${update.text}`,
          fraction: fractionOfAll(models, at, overall(update)),
        });
      const outcome = await obtain({ kind: 'fetch', model: model.id, choices }, { signal, onUpdate: told });
      if (outcome.kind === 'failed') return { kind: 'failed', model, failure: outcome.failure };
    }
    return { kind: 'fetched' };
  };
  const [only, second] = models;
  const title = only === undefined || second !== undefined ? t('{0} models', models.length) : only.name;
  return withObtainProgress(title, run, ending);
}
