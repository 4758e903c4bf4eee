/** Where a program keeps what it can make again, by the custom of each system. */

import { homedir, platform } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** `CHORUS_CACHE` where it is set; else `chorus` in the user's cache folder. */
export function userCacheFolder(environment: Environment): string {
  const { CHORUS_CACHE } = environment;
  if (CHORUS_CACHE) return CHORUS_CACHE;
  const folder = join(systemCacheFolder(environment), 'chorus');
  return platform() === 'win32' ? join(folder, 'cache') : folder;
}

/** Where programs of this user keep such things, each in a folder of its own. */
export function systemCacheFolder({ LOCALAPPDATA, XDG_CACHE_HOME }: Environment): string {
  switch (platform()) {
    case 'win32':
      return LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
    case 'darwin':
      return join(homedir(), 'Library', 'Caches');
    default:
      return XDG_CACHE_HOME || join(homedir(), '.cache');
  }
}

/** Where merged models are kept in the cache. */
export function mergedFolder(cache: string): string {
  return join(cache, 'merged');
}
