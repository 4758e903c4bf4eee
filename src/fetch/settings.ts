/** What a fetch may do and where it asks. Every address is the user's: a setting, or the environment. */

import { join } from 'node:path';
import { ChorusError } from '../protocol/failure.ts';
import type { HubToken } from '../protocol/obtain.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface FetchSettings {
  /** Address of the hub; repositories are below it. `http` only on this machine itself, unless nothing secret is sent. */
  readonly hub: string;
  /** Sent to the hub's own origin and to no other. */
  readonly token?: string | undefined;
  /** How pip is called, for instance `['python3', '-m', 'pip']`; where left out, the usual ways are tried. */
  readonly pip?: readonly string[] | undefined;
  /** Forbids every connection. */
  readonly offline: boolean;
  /** File of the ledger: one JSON line at the beginning and one at the end of every connection. */
  readonly ledger: string;
  readonly patience?: Partial<Patience> | undefined;
}

export interface Patience {
  /** Until a connection stands. */
  readonly connectMs: number;
  /** Without a byte. */
  readonly stallMs: number;
  /** Before the first repetition; doubled for each further one in which no byte came. */
  readonly backoffMs: number;
  /** Repetitions one after the other in which no byte came. */
  readonly retries: number;
}

export const usualPatience: Patience = { connectMs: 10_000, stallMs: 30_000, backoffMs: 500, retries: 5 };

export const USUAL_HUB = 'https://huggingface.co';

type Environment = Readonly<Record<string, string | undefined>>;

/** What was chosen, by flags or in an editor's settings; what is left out or empty comes from the environment. */
export interface FetchChoices {
  readonly hub?: string | undefined;
  readonly pip?: string | undefined;
  readonly offline?: boolean | undefined;
  readonly token?: HubToken | undefined;
}

/**
 * Settings from the choices and the environment: CHORUS_HUB, CHORUS_HUB_TOKEN, CHORUS_PIP, CHORUS_OFFLINE. A token that was chosen goes
 * to the origin that it was chosen for. That of the environment goes with the hub of the environment only: a hub named otherwise gets it where
 * it has the same origin.
 * @param cache the folder of the cache, where the ledger lies
 */
export function fetchSettings(environment: Environment, choices: FetchChoices, cache: string): FetchSettings {
  const { CHORUS_HUB, CHORUS_HUB_TOKEN, CHORUS_PIP, CHORUS_OFFLINE } = environment;
  const ofEnvironment = checkedHub(CHORUS_HUB || USUAL_HUB, 'CHORUS_HUB');
  const hub = choices.hub ? checkedHub(choices.hub, 'chorus.models.hub') : ofEnvironment;
  const pip = choices.pip || CHORUS_PIP;
  return {
    hub,
    token:
      choices.token?.origin === new URL(hub).origin
        ? choices.token.value
        : CHORUS_HUB_TOKEN && new URL(hub).origin === new URL(ofEnvironment).origin
          ? CHORUS_HUB_TOKEN
          : undefined,
    pip: pip?.trim() ? commandOf(pip) : undefined,
    offline:
      choices.offline === true || (CHORUS_OFFLINE !== undefined && !['', '0'].includes(CHORUS_OFFLINE)),
    ledger: ledgerFile(cache),
  };
}

export function ledgerFile(cache: string): string {
  return join(cache, 'connections.jsonl');
}

function checkedHub(address: string, named: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const plain =
    url !== undefined && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (plain && (url.protocol === 'https:' || url.protocol === 'http:')) return address;
  throw new ChorusError(
    'setting-invalid',
    `The address of the hub (${named}) is '${withoutSecrets(address.slice(0, 200))}', which is not an address such as ${USUAL_HUB}: http or https, without a user's name and without anything after the path. Correct it.`,
  );
}

/** A command line of words; quotation marks keep a path with blanks together. */
function commandOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]+)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}
