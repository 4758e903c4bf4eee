/**
 * One GET to a hub, with its redirects followed. The token goes to the configured origin alone, and there only where nobody on the way can
 * read it; every hop stands in the ledger; nothing is ever asked for over http that was asked for over https.
 */

import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent, request } from 'undici';
import { ChorusError } from '../protocol/failure.ts';
import type { Connection, Connections } from './connections.ts';
import { type FetchSettings, type Patience, usualPatience } from './settings.ts';

export interface HubAnswer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Dispatcher.ResponseData['body'];
  /** Ends its line in the ledger. */
  readonly connection: Connection;
}

export interface HubRequest {
  readonly url: URL;
  /** For the ledger. */
  readonly what: string;
  /** The first byte wanted; 0 asks for the whole. */
  readonly from: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HubClient {
  get(wanted: HubRequest): Promise<HubAnswer>;
  close(): Promise<void>;
}

const MOST_REDIRECTS = 6;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function openHubClient(settings: FetchSettings, connections: Connections): HubClient {
  const patience = { ...usualPatience, ...settings.patience };
  const agent = agentOf(patience);
  return {
    async get({ url: first, what, from, signal }) {
      let url = first;
      for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
        const answer = await ask(url, { what, from, signal, settings, connections, agent });
        if (!redirects.has(answer.status)) return answer;
        await answer.body.dump({ limit: 16_384 }).catch(() => {});
        let result = 'sent on to nowhere';
        try {
          url = redirectTarget(url, answer.headers.location);
          result = `sent on to ${url.origin}`;
        } finally {
          await answer.connection.end({ bytes: 0, result });
        }
      }
      throw new ChorusError(
        'fetch-failed',
        `${first.origin} only sent the request on, ${MOST_REDIRECTS} times. Check the address of the hub (chorus.models.hub).`,
      );
    },
    close: () => agent.destroy(),
  };
}

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment hold. */
function agentOf({ connectMs, stallMs }: Patience): Dispatcher {
  return new EnvHttpProxyAgent({
    connect: { timeout: connectMs },
    headersTimeout: stallMs,
    bodyTimeout: stallMs,
  });
}

interface Ask extends Omit<HubRequest, 'url'> {
  readonly settings: FetchSettings;
  readonly connections: Connections;
  readonly agent: Dispatcher;
}

async function ask(url: URL, { what, from, signal, settings, connections, agent }: Ask): Promise<HubAnswer> {
  const connection = await connections.begin(what, url.origin);
  const token = mayHaveToken(url, settings.hub) ? settings.token : undefined;
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: agent,
      signal: signal ?? null,
      headers: {
        'user-agent': 'chorus',
        // A hash is of the bytes as they are kept.
        'accept-encoding': 'identity',
        ...(from > 0 && { range: `bytes=${from}-` }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
    return { status: statusCode, headers, body, connection };
  } catch (thrown) {
    await connection.end({ bytes: 0, result: signal?.aborted ? 'cancelled' : (thrown as Error).message });
    throw thrown;
  }
}

/** The configured origin, reached so that only it can read the token. */
export function mayHaveToken(url: URL, hub: string): boolean {
  return url.origin === new URL(hub).origin && (url.protocol === 'https:' || isLoopback(url.hostname));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

/** Where an answer sends on to; throws where it would be read on the way, or is no address of the web. */
export function redirectTarget(from: URL, location: string | string[] | undefined): URL {
  const text = typeof location === 'string' ? location : '';
  const next = text !== '' && URL.canParse(text, from.href) ? new URL(text, from.href) : undefined;
  const fits = next?.protocol === 'https:' || (next?.protocol === 'http:' && from.protocol === 'http:');
  if (next !== undefined && fits && next.username === '' && next.password === '') return next;
  throw new ChorusError(
    'fetch-failed',
    `${from.origin} sent the request on to ${next === undefined ? 'no address' : `${next.protocol}//${next.host}`}, which is not followed from there. Check the address of the hub (chorus.models.hub).`,
  );
}
