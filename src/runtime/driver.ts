/** The graphics driver and adapter of this machine, as far as they can be known without a graphics API. */

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A text that changes when the driver does; drivers of macOS come with the system. */
export async function graphicsDriver(): Promise<string> {
  const parts = [process.platform, release(), ...((await partsOf[process.platform]?.()) ?? [])];
  return parts.join(' ');
}

const partsOf: Partial<Record<NodeJS.Platform, () => Promise<readonly string[]>>> = {
  linux: linuxParts,
  win32: windowsParts,
};

async function linuxParts(): Promise<string[]> {
  // Which drivers Vulkan's loader looks at, where somebody chose.
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES, VK_ADD_DRIVER_FILES } = process.env;
  const chosen = [VK_ICD_FILENAMES, VK_DRIVER_FILES, VK_ADD_DRIVER_FILES].map((files) => files ?? '');
  const nvidia = await firstLine('/proc/driver/nvidia/version');
  const cards = (await readdir('/sys/class/drm').catch(() => [])).filter((name) => /^card\d+$/.test(name));
  const ids = cards.sort().map(async (card) => {
    const at = join('/sys/class/drm', card, 'device');
    return `${await firstLine(join(at, 'vendor'))}:${await firstLine(join(at, 'device'))}`;
  });
  const drivers = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].map(async (folder) =>
    (await readdir(folder).catch(() => [])).sort().join(),
  );
  return [...chosen, nvidia, ...(await Promise.all([...ids, ...drivers]))];
}

/** The class of display adapters in the registry. */
const DISPLAY_ADAPTERS =
  'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}';

async function windowsParts(): Promise<string[]> {
  const query = ['query', DISPLAY_ADAPTERS, '/s', '/v', 'DriverVersion'];
  const options = { timeout: 3000, windowsHide: true };
  // Some keys below are closed to users, which is a failure with an answer all the same.
  const text = await promisify(execFile)('reg', query, options).then(
    ({ stdout }) => stdout,
    (failed: { stdout?: string }) => failed.stdout ?? '',
  );
  return [...text.matchAll(/DriverVersion\s+REG_SZ\s+(\S+)/g)].map(([, version = '']) => version);
}

async function firstLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n')[0] ?? '';
}
