/** A process that is measured, from the outside. */

import { fork } from 'node:child_process';
import { engineEnvironment } from '../../src/protocol/engine-environment.ts';
import { type Memory, memoryOf } from './memory.ts';
import type { Answered, AnswerOrder, OpenOrder } from './serve.mjs';

export interface Child {
  readonly versions: Readonly<Record<string, string>>;
  /** One at a time. */
  answer(order: AnswerOrder): Promise<Answered>;
  memory(): Promise<Memory | undefined>;
  /** Ends the process at once: a thread in the middle of a graph could not be ended otherwise. */
  end(): Promise<void>;
}

type Reply = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly message: string };

/** Starts `program` and has it open its models; rejects with its sentence where it cannot. */
export async function startChild(name: string, program: string, order: OpenOrder): Promise<Child> {
  const child = fork(program, {
    env: {
      ...process.env,
      ...(name.startsWith('Chorus') ? engineEnvironment : { ORT_DISABLE_TELEMETRY: '1' }),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = <T>(message: { readonly kind: string }): Promise<T> =>
    new Promise((resolve, reject) => {
      const exited = (code: number | null): void => reject(new Error(`${name} ended with code ${code}.`));
      child.once('exit', exited);
      child.once('message', (reply: Reply) => {
        child.off('exit', exited);
        if (reply.kind === 'done') resolve(reply as T);
        else reject(new Error(`${name}: ${reply.message}`));
      });
      child.send(message);
    });
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const { versions } = await ask<Pick<Child, 'versions'>>({ kind: 'open', ...order });
    return {
      versions,
      answer: (wanted) => ask({ kind: 'answer', ...wanted }),
      memory: async () => (child.pid === undefined ? undefined : memoryOf(child.pid)),
      end,
    };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}
