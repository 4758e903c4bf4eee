import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// The laws of core alone: they need no built programs.
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: { include: ['test/core/**/*.test.ts'], testTimeout: 30_000 },
});
