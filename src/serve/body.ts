/** A request's body as JSON, as far as it is not too long. How long it may take to come, node:http sees to. */

import type { IncomingMessage } from 'node:http';
import { ApiError, badRequest } from './api-error.ts';

/** Rejects with an `ApiError`. */
export async function jsonBody(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) {
      const message = `A request has at most ${mostBytes} bytes.`;
      throw new ApiError({ status: 413, code: 'request_too_large', message });
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw badRequest(`The body is not valid JSON: ${why.slice(0, 200)}`, undefined, 'invalid_json');
  }
}
