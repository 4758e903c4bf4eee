import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import unit, { torture } from './vitest.config.mts';

/** Files of laws that are tried further here (test/sizes.ts). */
const further = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', file))
  .filter((file) => readFileSync(file, 'utf8').includes("/sizes.ts'"));

export default defineConfig({
  test: {
    ...unit.test,
    include: [torture, ...further],
    exclude: ['**/node_modules/**'],
    tagsFilter: ['torture'],
    env: { ...unit.test?.env, CHORUS_TORTURE: '1' },
    testTimeout: 120_000,
  },
});
