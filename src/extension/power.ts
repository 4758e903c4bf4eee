/**
 * Whether the machine runs on its battery, asked of the operating system. Tried on Linux; what macOS and Windows answer is taken from
 * their documentation and was not tried on such a machine.
 */

export interface PowerPort {
  readonly platform: string;
  /** Names in a folder; rejects where there is none. */
  list(folder: string): Promise<readonly string[]>;
  read(file: string): Promise<string>;
  /** What a program wrote to its output. */
  run(program: string, args: readonly string[]): Promise<string>;
}

const SUPPLIES = '/sys/class/power_supply';
const WINDOWS = [
  '-NoProfile',
  '-NonInteractive',
  '-Command',
  '(Get-CimInstance Win32_Battery).BatteryStatus',
];

/** False where it is not known, and on a machine without a battery. Never rejects. */
export async function isOnBattery(port: PowerPort): Promise<boolean> {
  try {
    switch (port.platform) {
      case 'linux':
        return await onLinux(port);
      case 'darwin':
        return /Now drawing from 'Battery Power'/.test(await port.run('pmset', ['-g', 'batt']));
      case 'win32': {
        const status = await port.run('powershell.exe', WINDOWS);
        // 1: discharging; no line at all without a battery (Win32_Battery, BatteryStatus).
        return status.trim().split(/\s+/).includes('1');
      }
      default:
        return false;
    }
  } catch {
    return false;
  }
}

/** Documentation/ABI/testing/sysfs-class-power of the kernel. A battery of a mouse has the scope Device. */
async function onLinux({ list, read }: PowerPort): Promise<boolean> {
  const value = async (supply: string, name: string): Promise<string> =>
    (await read(`${SUPPLIES}/${supply}/${name}`).catch(() => '')).trim();
  const supplies = await Promise.all(
    (await list(SUPPLIES)).map(async (name) => ({
      type: await value(name, 'type'),
      isOnline: (await value(name, 'online')) === '1',
      isDischarging: (await value(name, 'status')) === 'Discharging',
      isDevice: (await value(name, 'scope')) === 'Device',
    })),
  );
  const isPlugged = supplies.some(({ type, isOnline }) => type !== 'Battery' && isOnline);
  return (
    !isPlugged &&
    supplies.some(({ type, isDischarging, isDevice }) => type === 'Battery' && isDischarging && !isDevice)
  );
}

/** Asks at most once a minute, behind the back of whoever wants to know, who gets what was known last. */
export function createPowerWatch(ask: () => Promise<boolean>, now: () => number): () => boolean {
  let known = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - askedAt >= 60_000) {
      askedAt = now();
      void ask().then((answer) => {
        known = answer;
      });
    }
    return known;
  };
}
