import { defineConfig } from 'vitest/config';

/** What is killed at twenty moments takes long by its nature: a stage of its own (`npm run torture`, and in `npm test`). */
export const torture = 'test/**/torture.test.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/programs.ts'],
    exclude: ['test/editor/**', 'test/webgpu/**', torture, '**/node_modules/**'],
    // A process a core runs file after file and loads each module once. What a test puts in a module's or a global's place goes
    // with the test.
    isolate: false,
    maxWorkers: '100%',
    tags: [{ name: 'torture', description: 'Goes further in the torture stage.' }],
    restoreMocks: true,
    unstubGlobals: true,
    // No test opens a connection to another machine; those of fetching have a hub of their own and say so. So none needs certificates
    // beside Node's own, which every process that a test starts would read.
    env: { CHORUS_OFFLINE: '1', NODE_EXTRA_CA_CERTS: '' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
