/** The algebra in a process of its own: started with the first question, ended when one takes too long or none came for a while. */

import { t } from '@vscode/l10n';
import type { MathsAnswer, MathsCalls, MathsQuestion } from '../protocol/maths.ts';
import { connect } from '../protocol/rpc.ts';
import { type EngineProcess, forkEngine } from './engine-process.ts';

export interface MathsOptions {
  /** dist/maths.js */
  readonly script: string;
  /** What the process prints. */
  readonly log: (line: string) => void;
  /** For one answer, with the start of the process. */
  readonly limitMs?: number;
  /** The process is ended when nothing was asked for so long. */
  readonly idleMs?: number;
}

export interface Maths {
  /** Never rejects: what goes wrong is an answer of kind 'failed'. One question at a time; aborting ends the process. */
  ask(question: MathsQuestion, signal?: AbortSignal): Promise<MathsAnswer>;
  dispose(): void;
}

/** Towers of powers fill any memory. */
const heapMebibytes = 256;

export function createMaths({ script, log, limitMs = 10_000, idleMs = 60_000 }: MathsOptions): Maths {
  let running:
    | { readonly process: EngineProcess; ask(question: MathsQuestion): Promise<MathsAnswer> }
    | undefined;
  let idle: ReturnType<typeof setTimeout> | undefined;

  const start = (): NonNullable<typeof running> => {
    const child = forkEngine(script, log, [], [`--max-old-space-size=${heapMebibytes}`]);
    const connection = connect<MathsCalls, object>(child.port, {});
    const own = { process: child, ask: (question: MathsQuestion) => connection.call('ask', question) };
    void child.ended.then(() => {
      if (running === own) running = undefined;
      connection.close({
        code: 'engine-exited',
        message: t('The algebra ended before it had an answer: the expression is too large for it.'),
      });
    });
    return own;
  };
  const end = (): void => {
    clearTimeout(idle);
    running?.process.kill();
    running = undefined;
  };

  const askNow = async (question: MathsQuestion, signal: AbortSignal | undefined): Promise<MathsAnswer> => {
    if (signal?.aborted) return { kind: 'failed', why: t('The question was cancelled.') };
    clearTimeout(idle);
    running ??= start();
    const asked = running;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stop: () => void = () => {};
    const over = new Promise<MathsAnswer>((resolve) => {
      const giveUp = (why: string): void => {
        if (running === asked) running = undefined;
        asked.process.kill();
        resolve({ kind: 'failed', why });
      };
      timer = setTimeout(
        () =>
          giveUp(
            t(
              'The algebra had no answer within {0} seconds: the expression is too large for it.',
              limitMs / 1000,
            ),
          ),
        limitMs,
      );
      stop = () => giveUp(t('The question was cancelled.'));
      signal?.addEventListener('abort', stop, { once: true });
    });
    try {
      const answer = asked
        .ask(question)
        .catch((thrown: unknown): MathsAnswer => ({ kind: 'failed', why: (thrown as Error).message }));
      return await Promise.race([answer, over]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      if (running !== undefined) {
        idle = setTimeout(end, idleMs);
        idle.unref();
      }
    }
  };

  let last: Promise<unknown> = Promise.resolve();
  return {
    ask(question, signal) {
      const next = last.then(() => askNow(question, signal));
      last = next;
      return next;
    },
    dispose: end,
  };
}
