import { defineConfig } from 'vitest/config';

// Two files at a time: while one waits for a model, a clock or a key to be heard, the other goes on. More would starve each other.
export default defineConfig({
  test: {
    include: ['test/editor/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    bail: 0,
    // The default of one second is what the statistics page alone lets pass between two changes.
    expect: { poll: { timeout: 20_000 } },
  },
});
