/** What every kind of source works with. */

import type { Connections } from './connections.ts';
import type { OnFetchProgress } from './progress.ts';
import type { FetchSettings } from './settings.ts';
import type { Staging } from './staging.ts';

export interface SourceRun {
  readonly staging: Staging;
  readonly settings: FetchSettings;
  readonly connections: Connections;
  readonly onProgress: OnFetchProgress;
  readonly signal: AbortSignal;
}
