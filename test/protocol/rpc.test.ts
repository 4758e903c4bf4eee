import { describe, expect, it } from 'vitest';
import { ChorusError } from '../../src/protocol/failure.ts';
import { type Contract, connect, type Handlers, type Port } from '../../src/protocol/rpc.ts';

interface Calls extends Contract {
  double: { params: number; result: number; update: number };
  wait: { params: string; result: string; update: never };
}
interface Nothing extends Contract {
  note: { params: string; result: undefined; update: never };
}

/** Two ports joined; messages are cloned, as a process boundary does. */
function joined(): [Port, Port] {
  const listeners: ((message: unknown) => void)[][] = [[], []];
  const port = (mine: number): Port => ({
    post: (message) => {
      const copy = structuredClone(message);
      queueMicrotask(() => {
        for (const receive of listeners[1 - mine] ?? []) receive(copy);
      });
      return true;
    },
    listen: (receive) => {
      listeners[mine]?.push(receive);
    },
  });
  return [port(0), port(1)];
}

function pair(handlers: Partial<Handlers<Calls>> = {}) {
  const [a, b] = joined();
  const notes: string[] = [];
  const server = connect<Nothing, Calls>(b, {
    double: (n, { update }) => {
      update(n);
      return 2 * n;
    },
    wait: (_, { signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve('was cancelled'))),
    ...handlers,
  });
  const client = connect<Calls, Nothing>(a, {
    note: (text) => {
      notes.push(text);
      return undefined;
    },
  });
  return { client, server, notes };
}

describe('a connection', () => {
  it('carries results, and updates before them', async () => {
    const { client } = pair();
    const updates: number[] = [];
    expect(await client.call('double', 21, { onUpdate: (n) => updates.push(n) })).toBe(42);
    expect(updates).toEqual([21]);
  });

  it('carries failures with code, sentence and file; other errors become internal ones', async () => {
    const { client } = pair({
      double: (n) => {
        if (n === 1) throw new ChorusError('file-missing', 'It is gone.', '/a');
        throw new TypeError('oops');
      },
    });
    await expect(client.call('double', 1)).rejects.toMatchObject({
      failure: { code: 'file-missing', message: 'It is gone.', file: '/a' },
    });
    await expect(client.call('double', 2)).rejects.toMatchObject({ failure: { code: 'internal' } });
  });

  it('cancels by signal, also when it was aborted before the call', async () => {
    const { client } = pair();
    const controller = new AbortController();
    const answer = client.call('wait', 'x', { signal: controller.signal });
    controller.abort();
    expect(await answer).toBe('was cancelled');
    expect(await client.call('wait', 'x', { signal: AbortSignal.abort() })).toBe('was cancelled');
  });

  it('fails every call under way, and later ones, when closed', async () => {
    const { client } = pair();
    const answer = client.call('wait', 'x');
    client.close({ code: 'engine-exited', message: 'The engine stopped.' });
    await expect(answer).rejects.toMatchObject({ failure: { code: 'engine-exited' } });
    await expect(client.call('double', 1)).rejects.toMatchObject({ failure: { code: 'engine-exited' } });
  });

  it('refuses a name that nobody serves, inherited ones too', async () => {
    const { client } = pair();
    await expect(client.call('toString' as 'double', 1)).rejects.toMatchObject({
      failure: { code: 'request-invalid' },
    });
  });

  it('tells without an answer', async () => {
    const { server, notes } = pair();
    server.tell('note', 'hello');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(notes).toEqual(['hello']);
  });
});
