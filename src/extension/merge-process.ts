/** A merge in a process of its own, so that the editor's does no arithmetic on weights. */

import { t } from '@vscode/l10n';
import type { MergeCalls, MergeProgress, MergeReport, MergeRequest } from '../protocol/merge.ts';
import { type CallOptions, connect } from '../protocol/rpc.ts';
import { forkEngine } from './engine-process.ts';

export interface MergeProcessOptions extends CallOptions<MergeProgress> {
  /** dist/merge.js */
  readonly script: string;
  /** What the process prints. */
  readonly log: (line: string) => void;
}

/** Rejects with a `ChorusError`; of a merge that was cancelled or failed nothing is left. */
export async function mergeInProcess(
  request: MergeRequest,
  { script, log, ...call }: MergeProcessOptions,
): Promise<MergeReport> {
  const merging = forkEngine(script, log);
  const connection = connect<MergeCalls, object>(merging.port, {});
  void merging.ended.then(({ exitCode, signal }) => {
    connection.close({
      code: 'engine-exited',
      message: t(
        'The process that merges ended early ({0}). Perhaps there was too little memory: close other programs and merge again.',
        signal === null ? t('exit code {0}', exitCode ?? '?') : t('signal {0}', signal),
      ),
    });
  });
  try {
    return await connection.call('merge', request, call);
  } finally {
    merging.hangUp();
  }
}
