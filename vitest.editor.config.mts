import { defineConfig } from 'vitest/config';

// One editor at a time: the tests share the machine with the models that they wait for.
export default defineConfig({
  test: {
    include: ['test/editor/**/*.test.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    bail: 0,
    // The default of one second is what the statistics page alone lets pass between two changes.
    expect: { poll: { timeout: 20_000 } },
  },
});
