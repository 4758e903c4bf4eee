import { defineConfig } from 'vitest/config';

// The laws of core alone: they need no built programs.
export default defineConfig({ test: { include: ['test/core/**/*.test.ts'], testTimeout: 120_000 } });
