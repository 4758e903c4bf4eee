// Debian packages that a step needs: installs what is missing where it may, else says which command to run.
import { spawnSync } from 'node:child_process';
import { findCommand, run } from './process.mjs';

/** Whether this system manages its packages with apt. */
export const hasApt = () => Boolean(findCommand('apt-get') && findCommand('dpkg-query'));

function isInstalled(name) {
  const query = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' });
  return query.status === 0 && query.stdout.includes('Status: install ok installed');
}

/**
 * Makes sure that the packages are there; does nothing on a system without apt.
 * Throws, naming the command to run, where the user is not root. `purpose` completes "… is needed to".
 */
export async function ensureDebianPackages(names, { purpose, log }) {
  if (!hasApt()) return;
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(
      `These packages are missing and needed to ${purpose}. Please run this, then try again:\n  sudo apt-get install -y ${missing.join(' ')}`,
    );
  }
  console.log(`Installing ${missing.join(', ')} to ${purpose}…`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const patient = ['-o', 'DPkg::Lock::Timeout=300'];
  await run('apt-get', [...patient, 'update'], { env, log });
  await run('apt-get', [...patient, 'install', '-y', '--no-install-recommends', ...missing], { env, log });
}
