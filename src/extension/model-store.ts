/** Where models come from and what was fetched, wired: fetching, bundles, the hub's token and the list of connections, with their commands. */

import type * as vscode from 'vscode';
import { fetchSettings } from '../fetch/settings.ts';
import { type BundleOptions, exportModels, importBundle } from './bundle-commands.ts';
import type { CommandHandlers } from './commands.ts';
import { registerConnectionsDocument } from './connections-document.ts';
import { createFetchCommand, type FetchCommand, type FetchCommandOptions } from './fetch-command.ts';
import { createHubTokens } from './hub-token.ts';

export interface ModelStoreOptions extends Omit<FetchCommandOptions, 'token'>, BundleOptions {
  readonly secrets: vscode.SecretStorage;
}

export interface ModelStore extends vscode.Disposable {
  readonly fetching: FetchCommand;
  readonly commands: Pick<
    CommandHandlers,
    | 'fetchModel'
    | 'pauseFetch'
    | 'exportModels'
    | 'importBundle'
    | 'setHubToken'
    | 'removeHubToken'
    | 'showConnections'
  >;
}

export function createModelStore(options: ModelStoreOptions): ModelStore {
  const { settings, secrets, cache } = options;
  const values = () => settings.current().values;
  const tokens = createHubTokens(
    secrets,
    () => fetchSettings(process.env, { hub: values()['models.hub'] }, cache).hub,
  );
  const fetching = createFetchCommand({ ...options, token: tokens.current });
  const connections = registerConnectionsDocument(cache, () => values()['models.offline']);
  return {
    fetching,
    commands: {
      fetchModel: () => fetching.choose(),
      pauseFetch: () => fetching.pause(),
      exportModels: () => exportModels(options),
      importBundle: () => importBundle(options),
      setHubToken: () => tokens.set(),
      removeHubToken: () => tokens.remove(),
      showConnections: () => connections.show(),
    },
    dispose: () => connections.dispose(),
  };
}
