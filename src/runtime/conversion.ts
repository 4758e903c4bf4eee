/**
 * The conversion of a model to a decode graph in a process of its own, which may take a minute and a lot of memory: the engine goes
 * on answering, a crash ends that process alone, and cancelling is killing it, since what is half written never has its name.
 */

import { fork } from 'node:child_process';
import { join } from 'node:path';
import { builtModel, type ModelToBuild, modelToBuild } from '../graph/build-model.ts';
import { sweepDrafts } from '../graph/drafts.ts';
import type { ModelLayout } from '../models/layout.ts';
import { ChorusError, type Failure } from '../protocol/failure.ts';

export type ConversionMessage =
  /** In [0, 1]. */
  | { readonly kind: 'progress'; readonly progress: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface ConversionOptions {
  /** The bundled converter, dist/convert.js. */
  readonly program: string;
  readonly cacheFolder: string;
  /** Called with values in [0, 1]; not at all where nothing is to be converted. */
  readonly onProgress: (progress: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Whether the model comes as tensors and its graph is not in the cache yet. */
export async function needsConversion(
  layout: ModelLayout,
  { cacheFolder }: Pick<ConversionOptions, 'cacheFolder'>,
): Promise<boolean> {
  const order = orderFor(layout, cacheFolder);
  return order !== undefined && !(await builtModel(order)).isThere;
}

/**
 * Converts the model of `layout` where that is needed. Rejects with a `ChorusError`: `cancelled` where `signal` was aborted,
 * otherwise with what is wrong and the remedy.
 */
export async function convert(layout: ModelLayout, options: ConversionOptions): Promise<void> {
  const order = orderFor(layout, options.cacheFolder);
  if (order === undefined || (await builtModel(order)).isThere) return;
  try {
    await inProcess(order, options);
  } catch (thrown) {
    // What a process that was killed left behind.
    await sweepDrafts(join(options.cacheFolder, 'graphs'));
    throw thrown;
  }
}

function orderFor(layout: ModelLayout, cacheFolder: string): ModelToBuild | undefined {
  const { format } = layout;
  return format === 'onnx' ? undefined : modelToBuild({ ...layout, format, cacheFolder });
}

function inProcess(order: ModelToBuild, { program, onProgress, signal }: ConversionOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled(order));
      return;
    }
    const converter = fork(program, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    let failure: Failure | undefined;
    let isDone = false;
    const cancel = (): void => void converter.kill('SIGKILL');
    signal?.addEventListener('abort', cancel, { once: true });
    const settle = (why: string): void => {
      signal?.removeEventListener('abort', cancel);
      if (isDone) resolve();
      else if (signal?.aborted) reject(cancelled(order));
      else if (failure !== undefined) reject(new ChorusError(failure.code, failure.message, failure.file));
      else reject(crashed(order, why));
    };
    converter.on('message', (message: ConversionMessage) => {
      switch (message.kind) {
        case 'progress':
          onProgress(message.progress);
          break;
        case 'done':
          isDone = true;
          break;
        case 'failed':
          failure = message.failure;
          break;
        default:
          message satisfies never;
      }
    });
    converter.on('error', (error) => settle(error.message));
    // All that it said has arrived by then.
    converter.on('close', (code, signalled) => settle(signalled ?? `exit code ${code}`));
    converter.send(order, (error) => {
      if (error) converter.kill('SIGKILL');
    });
  });
}

function cancelled({ weightsFile }: ModelToBuild): ChorusError {
  return new ChorusError('cancelled', `The conversion of ${weightsFile} was cancelled.`, weightsFile);
}

function crashed({ weightsFile }: ModelToBuild, why: string): ChorusError {
  return new ChorusError(
    'internal',
    `The process that converts ${weightsFile} ended (${why}), perhaps for want of memory. Close other programs and try again; nothing half converted is kept.`,
    weightsFile,
  );
}
