/**
 * What the engine's process finds in its environment. glibc keeps freed memory in pools of each thread and gives none of it back while
 * something above it is in use; a model of 135M parameters that has read 1,000 tokens takes 405 MB so, and 328 MB with these
 * limits (docs/performance.md). Smaller ones free a little more and make reading a prompt a tenth slower. Other systems take no
 * notice of them.
 */
export const engineEnvironment = {
  ORT_DISABLE_TELEMETRY: '1',
  // Bytes: blocks of more have pages of their own; more than this at the end of a pool is given back.
  MALLOC_MMAP_THRESHOLD_: '1048576',
  MALLOC_TRIM_THRESHOLD_: '1048576',
  MALLOC_ARENA_MAX: '2',
} as const;

/**
 * Room for young objects, in MB: V8 takes three times as much and keeps it. An engine makes few, and much of what it holds lies
 * outside its heap; with V8's own 16 it takes 25 MB more for the same text.
 */
export const engineFlags = ['--max-semi-space-size=4'] as const;
