/**
 * A small typed RPC: one contract per direction, calls with updates on the way and cancellation by signal.
 * It knows no transport: a `Port` is a child process's IPC channel or a webview's postMessage.
 */

import { ChorusError, type Failure, toFailure } from './failure.ts';

/** An interface whose members are calls: `name: { params; result; update }`. */
export type Contract = object;

type Part<C, K extends keyof C, Name extends 'params' | 'result' | 'update'> =
  C[K] extends Record<Name, infer Value> ? Value : never;

export interface Port {
  /** Hands a message to the other side; returns false where the other side is gone. */
  post(message: unknown): boolean;
  listen(receive: (message: unknown) => void): void;
}

export interface CallOptions<Update> {
  readonly signal?: AbortSignal;
  readonly onUpdate?: (update: Update) => void;
}

export interface HandlerContext<Update> {
  readonly signal: AbortSignal;
  readonly update: (update: Update) => void;
}

export type Handlers<C extends Contract> = {
  readonly [K in keyof C]: (
    params: Part<C, K, 'params'>,
    context: HandlerContext<Part<C, K, 'update'>>,
  ) => Part<C, K, 'result'> | Promise<Part<C, K, 'result'>>;
};

export interface Connection<Remote extends Contract> {
  /** Rejects with a `ChorusError`: the handler's failure, or why the connection closed. */
  call<K extends keyof Remote & string>(
    name: K,
    params: Part<Remote, K, 'params'>,
    options?: CallOptions<Part<Remote, K, 'update'>>,
  ): Promise<Part<Remote, K, 'result'>>;
  /** A call nobody waits for. */
  tell<K extends keyof Remote & string>(name: K, params: Part<Remote, K, 'params'>): void;
  /** Fails every call under way with `failure`; later calls fail at once. */
  close(failure: Failure): void;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly params: unknown }
  | { readonly kind: 'tell'; readonly name: string; readonly params: unknown }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'update'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ChorusError) => void;
  readonly onUpdate: ((update: unknown) => void) | undefined;
  readonly release: () => void;
}

/** Joins `port` to `handlers` for what the other side calls, and returns the way to call it. */
export function connect<Remote extends Contract, Local extends Contract>(
  port: Port,
  handlers: Handlers<Local>,
): Connection<Remote> {
  const pending = new Map<number, Pending>();
  const running = new Map<number, AbortController>();
  let nextId = 1;
  let closed: Failure | undefined;

  const settle = (id: number): Pending | undefined => {
    const call = pending.get(id);
    if (call === undefined) return undefined;
    pending.delete(id);
    call.release();
    return call;
  };

  const invoke = async (
    name: string,
    params: unknown,
    context: HandlerContext<unknown>,
  ): Promise<unknown> => {
    if (!Object.hasOwn(handlers, name)) {
      throw new ChorusError('request-invalid', `Nothing on this side answers to '${name}'.`);
    }
    const handler = handlers[name as keyof Local];
    return handler(
      params as Part<Local, keyof Local, 'params'>,
      context as HandlerContext<Part<Local, keyof Local, 'update'>>,
    );
  };

  const serve = async (id: number, name: string, params: unknown): Promise<void> => {
    const controller = new AbortController();
    running.set(id, controller);
    const update = (value: unknown): void => {
      port.post({ kind: 'update', id, value } satisfies Message);
    };
    try {
      const value = await invoke(name, params, { signal: controller.signal, update });
      port.post({ kind: 'result', id, value } satisfies Message);
    } catch (thrown) {
      port.post({ kind: 'failure', id, failure: toFailure(thrown) } satisfies Message);
    } finally {
      running.delete(id);
    }
  };

  port.listen((raw) => {
    const message = raw as Message;
    switch (message.kind) {
      case 'call':
        void serve(message.id, message.name, message.params);
        return;
      case 'tell':
        // A told handler has nobody to answer to: its own side logs what goes wrong in it.
        void invoke(message.name, message.params, {
          signal: new AbortController().signal,
          update: () => {},
        }).catch(() => {});
        return;
      case 'cancel':
        running.get(message.id)?.abort();
        return;
      case 'update':
        pending.get(message.id)?.onUpdate?.(message.value);
        return;
      case 'result':
        settle(message.id)?.resolve(message.value);
        return;
      case 'failure': {
        const { code, message: text, file } = message.failure;
        settle(message.id)?.reject(new ChorusError(code, text, file));
        return;
      }
      default:
        message satisfies never;
    }
  });

  return {
    call(name, params, options = {}) {
      if (closed !== undefined) {
        return Promise.reject(new ChorusError(closed.code, closed.message, closed.file));
      }
      const id = nextId++;
      const { signal, onUpdate } = options;
      return new Promise((resolve, reject) => {
        const cancel = (): void => {
          port.post({ kind: 'cancel', id } satisfies Message);
        };
        pending.set(id, {
          resolve: resolve as (value: unknown) => void,
          reject,
          onUpdate: onUpdate as ((update: unknown) => void) | undefined,
          release: () => signal?.removeEventListener('abort', cancel),
        });
        if (!port.post({ kind: 'call', id, name, params } satisfies Message)) {
          settle(id)?.reject(new ChorusError('engine-exited', 'The other side of this connection is gone.'));
          return;
        }
        if (signal?.aborted) cancel();
        else signal?.addEventListener('abort', cancel, { once: true });
      });
    },
    tell(name, params) {
      if (closed === undefined) port.post({ kind: 'tell', name, params } satisfies Message);
    },
    close(failure) {
      closed = failure;
      for (const id of [...pending.keys()]) {
        settle(id)?.reject(new ChorusError(failure.code, failure.message, failure.file));
      }
      for (const controller of running.values()) controller.abort();
    },
  };
}
