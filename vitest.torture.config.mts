import { defineConfig } from 'vitest/config';
import unit, { torture } from './vitest.config.mts';

export default defineConfig({
  test: { ...unit.test, include: [torture], exclude: ['**/node_modules/**'] },
});
