import { describe, expect, it } from 'vitest';
import { orCancelled } from '../../src/protocol/abort.ts';

const never = new Promise<string>(() => {});

describe('work that may be cancelled', () => {
  it('is answered at once when it is, though it goes on', async () => {
    const controller = new AbortController();
    const answer = orCancelled(never, controller.signal);
    controller.abort();
    expect(await answer).toBe('cancelled');
    expect(await orCancelled(never, controller.signal)).toBe('cancelled');
  });

  it('gives what it gives where nobody cancels, and fails as it fails', async () => {
    const { signal } = new AbortController();
    expect(await orCancelled(Promise.resolve(7), signal)).toBe(7);
    expect(await orCancelled(Promise.resolve(7), undefined)).toBe(7);
    await expect(orCancelled(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
  });

  it('that fails after it was cancelled disturbs nobody', async () => {
    const controller = new AbortController();
    let fail = (_: Error): void => {};
    const answer = orCancelled(
      new Promise((_, reject) => {
        fail = reject;
      }),
      controller.signal,
    );
    controller.abort();
    expect(await answer).toBe('cancelled');
    fail(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
