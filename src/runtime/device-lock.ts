/**
 * WebGPU by one thread at a time. All sessions of a process share one context of ONNX Runtime's, and two threads in it at once end
 * the process (1.30, seen with two sessions that run at the same moment).
 */

/** int32 [1]: 1 while a thread is in it. */
export type DeviceLock = SharedArrayBuffer;

export function createDeviceLock(): DeviceLock {
  return new SharedArrayBuffer(4);
}

/** Runs `task` alone. The thread waits for others without doing anything else, so a thread enters no second time meanwhile. */
export async function alone<T>(lock: DeviceLock, task: () => Promise<T>): Promise<T> {
  const word = new Int32Array(lock);
  while (Atomics.compareExchange(word, 0, 0, 1) !== 0) Atomics.wait(word, 0, 1);
  try {
    return await task();
  } finally {
    Atomics.store(word, 0, 0);
    Atomics.notify(word, 0, 1);
  }
}
