import { defineConfig } from 'vitest/config';

// A graphics card made of software is slow: one test at a time, with patience.
export default defineConfig({
  test: {
    include: ['test/webgpu/**/*.test.ts'],
    globalSetup: ['test/programs.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
