/** Who may ask: programs on this machine that know the key. A web page may only where its origin was allowed by name. */

import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api-error.ts';
import { sameKey } from './key.ts';

/**
 * A page whose name was made to point to this machine (DNS rebinding) names itself here. Throws an `ApiError` where the request
 * was meant for another host than this one.
 */
export function checkHost({ host = '' }: IncomingHttpHeaders, port: number): void {
  // The port that a scheme implies is left out.
  const names = ['127.0.0.1', 'localhost', '[::1]'].map((name) => (port === 80 ? name : `${name}:${port}`));
  if (names.includes(host.toLowerCase())) return;
  const message = `This server answers to ${names[0]} and ${names[1]}, and was asked as '${host.slice(0, 100)}'.`;
  throw new ApiError({ status: 403, code: 'host_not_allowed', message });
}

/** Throws an `ApiError` where the key is missing or another one. */
export function checkKey({ authorization = '' }: IncomingHttpHeaders, key: string): void {
  const [, given] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (given !== undefined && sameKey(given, key)) return;
  const message =
    given === undefined
      ? "The key is missing. Send it in the header 'Authorization: Bearer KEY'; clients call it the API key."
      : 'This is not the key of this server. It is shown where the server runs.';
  throw new ApiError({ status: 401, code: 'invalid_api_key', message });
}

/** The headers by which a browser lets a page read answers; none where its origin is not among `allowed`. */
export function originHeaders(
  {
    origin = '',
    'access-control-request-headers': asked = 'authorization, content-type',
  }: IncomingHttpHeaders,
  allowed: readonly string[],
): Readonly<Record<string, string>> {
  if (!allowed.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST',
    // Clients tell of themselves in headers of their own.
    'access-control-allow-headers': asked,
    'access-control-max-age': '600',
    vary: 'origin',
  };
}
