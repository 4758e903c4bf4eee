/** Where a program keeps what it can make again, by the custom of each system. */

import { homedir, platform } from 'node:os';
import { join } from 'node:path';

/** `CHORUS_CACHE` where it is set; else `chorus` in the user's cache folder. */
export function userCacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const { CHORUS_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = environment;
  if (CHORUS_CACHE) return CHORUS_CACHE;
  switch (platform()) {
    case 'win32':
      return join(LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'chorus', 'cache');
    case 'darwin':
      return join(homedir(), 'Library', 'Caches', 'chorus');
    default:
      return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'chorus');
  }
}

/** Where merged models are kept in the cache. */
export function mergedFolder(cache: string): string {
  return join(cache, 'merged');
}
