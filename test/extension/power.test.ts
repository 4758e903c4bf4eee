import { describe, expect, it } from 'vitest';
import { createPowerWatch, isOnBattery, type PowerPort } from '../../src/extension/power.ts';

const nothing = (): Promise<never> => Promise.reject(new Error('not there'));

function linux(supplies: Readonly<Record<string, Readonly<Record<string, string>>>>): PowerPort {
  return {
    platform: 'linux',
    list: async () => Object.keys(supplies),
    read: async (file) => {
      const [, supply = '', name = ''] = /power_supply\/([^/]+)\/(.+)$/.exec(file) ?? [];
      const value = supplies[supply]?.[name];
      return value === undefined ? nothing() : `${value}\n`;
    },
    run: nothing,
  };
}
const answering = (platform: string, text: string): PowerPort => ({
  platform,
  list: nothing,
  read: nothing,
  run: async () => text,
});

const discharging = { type: 'Battery', status: 'Discharging' };
const mac = (source: string) =>
  `Now drawing from '${source}'\n -InternalBattery-0 (id=4522083)\t84%; discharging; 5:11 remaining present: true\n`;

describe('whether the machine runs on its battery', () => {
  it.each<[string, PowerPort, boolean]>([
    ['a laptop off the mains', linux({ AC: { type: 'Mains', online: '0' }, BAT0: discharging }), true],
    ['a laptop on the mains', linux({ AC: { type: 'Mains', online: '1' }, BAT0: discharging }), false],
    ['a laptop charged by USB', linux({ ucsi: { type: 'USB', online: '1' }, BAT0: discharging }), false],
    ['a full battery', linux({ BAT0: { type: 'Battery', status: 'Full' } }), false],
    ['a mouse beside a desktop', linux({ hid: { ...discharging, scope: 'Device' } }), false],
    ['a desktop', linux({}), false],
    ['a container', { ...linux({}), list: nothing }, false],
    ['a Mac off the mains', answering('darwin', mac('Battery Power')), true],
    ['a Mac on the mains', answering('darwin', mac('AC Power')), false],
    ['Windows off the mains', answering('win32', '1\r\n'), true],
    ['Windows on the mains', answering('win32', '2\r\n'), false],
    ['Windows with two batteries', answering('win32', '2\r\n1\r\n'), true],
    ['Windows without a battery', answering('win32', ''), false],
    ['Windows that does not answer', { ...answering('win32', ''), run: nothing }, false],
    ['another system', answering('freebsd', '1'), false],
  ])('%s', async (_name, port, expected) => {
    expect(await isOnBattery(port)).toBe(expected);
  });

  it('is asked at most once a minute, and nobody waits for it', async () => {
    let time = 0;
    let asked = 0;
    const onBattery = createPowerWatch(
      async () => {
        asked++;
        return true;
      },
      () => time,
    );
    expect(onBattery()).toBe(false);
    await Promise.resolve();
    expect(onBattery()).toBe(true);
    time = 59_999;
    onBattery();
    expect(asked).toBe(1);
    time = 60_000;
    onBattery();
    expect(asked).toBe(2);
  });
});
