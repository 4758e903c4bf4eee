/** A hub on this machine that serves chosen files, well or badly, and remembers what it was asked. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Files } from './toy.ts';

export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface Exchange {
  /** How often this file was asked for before. */
  readonly turn: number;
  readonly bytes: Uint8Array;
  /** The first byte that was asked for. */
  readonly from: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers a request; `well` is how a good hub does it. */
export type Behaviour = (exchange: Exchange) => unknown;

export interface FakeHub {
  readonly address: string;
  readonly asked: Asked[];
}

export async function startHub(files: Files, behaviour: Behaviour = well): Promise<FakeHub> {
  const asked: Asked[] = [];
  const turns = new Map<string, number>();
  const server = createServer((request, response) => {
    // A client that goes in the middle is no error here.
    response.on('error', () => {});
    const { range, authorization } = request.headers;
    const address = decodeURIComponent(request.url ?? '').replace(/\?.*$/, '');
    asked.push({ path: address, range, authorization });
    const path = address.replace(/^.*?\/resolve\/[^/]+\//, '');
    const bytes = files[path];
    const turn = turns.get(path) ?? 0;
    turns.set(path, turn + 1);
    if (bytes === undefined) return void response.writeHead(404).end('no such file');
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    behaviour({ turn, bytes, from, request, response });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** What a good hub sends before the bytes. */
export function head({ bytes, from, response }: Exchange): void {
  const { length } = bytes;
  if (from === 0) response.writeHead(200, { 'content-length': length });
  else if (from >= length) response.writeHead(416, { 'content-range': `bytes */${length}` });
  else {
    response.writeHead(206, {
      'content-length': length - from,
      'content-range': `bytes ${from}-${length - 1}/${length}`,
    });
  }
}

export function well(exchange: Exchange): void {
  head(exchange);
  exchange.response.end(exchange.bytes.subarray(exchange.from));
}

/** Sends the bytes up to `end` and breaks the connection. */
export function cut(exchange: Exchange, end: number): void {
  head(exchange);
  const { response, bytes, from } = exchange;
  response.flushHeaders();
  if (end <= from) setImmediate(() => response.destroy());
  else response.write(bytes.subarray(from, end), () => response.destroy());
}

/** Sends the bytes up to `end` and then nothing more. */
export function stall(exchange: Exchange, end: number): void {
  head(exchange);
  const { response, bytes, from } = exchange;
  response.write(bytes.subarray(from, Math.max(from + 1, end)));
}

/** Sends in small pieces with pauses, so that a fetch takes a while. */
export async function slowly(exchange: Exchange, pieces: number, pauseMs: number): Promise<void> {
  head(exchange);
  const { response, bytes, from } = exchange;
  const step = Math.ceil(bytes.length / pieces);
  for (let at = from; at < bytes.length && !response.destroyed; at += step) {
    await sleep(pauseMs);
    response.write(bytes.subarray(at, Math.min(bytes.length, at + step)));
  }
  response.end();
}
