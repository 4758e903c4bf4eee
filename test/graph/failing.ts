/** What a promise fails with, as the user would read it. */

import { ChorusError, type Failure } from '../../src/protocol/failure.ts';

export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof ChorusError) return thrown.failure;
    throw thrown;
  }
  throw new Error('nothing failed');
}
