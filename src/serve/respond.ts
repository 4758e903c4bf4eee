/** One request to the engine: the answer whole or as server-sent events, and its end where nobody listens. */

import type { ServerResponse } from 'node:http';
import type { Engine } from '../engine/engine.ts';
import type { Generated } from '../protocol/engine.ts';
import { toFailure } from '../protocol/failure.ts';
import type { Answer } from './answers.ts';
import { ApiError, type ApiErrorFacts, errorBody, factsOf } from './api-error.ts';
import type { Lane } from './lane.ts';
import type { Asked } from './parameters.ts';
import type { ServedModel } from './served-model.ts';

export interface RespondOptions {
  readonly engine: Pick<Engine, 'generate'>;
  readonly lane: Lane;
  readonly model: ServedModel;
  readonly answer: Answer;
  /** Aborts when the server closes. */
  readonly closing: AbortSignal;
  /** An answer that takes longer is cut off. */
  readonly mostMs: number;
}

/** Resolves when all is sent; rejects with an `ApiError` where nothing is yet. */
export async function respond(
  { request, stream, includeUsage }: Asked,
  response: ServerResponse,
  { engine, lane, model, answer, closing, mostMs }: RespondOptions,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  if (response.destroyed) gone.abort();
  const late = AbortSignal.timeout(mostMs);
  const signal = AbortSignal.any([gone.signal, late, closing]);
  const sent = stream ? events(response) : undefined;
  const leave = lane.enter();
  let result: Generated;
  try {
    const mix = model.mixes?.[request.surface];
    const outcome = await engine.generate(mix === undefined ? request : { ...request, mix }, {
      signal,
      onDelta: (delta) => {
        if (sent === undefined || gone.signal.aborted) return;
        if (!sent.isOpen()) for (const event of answer.begin()) sent.send(event);
        sent.send(answer.piece(delta));
      },
    });
    if (outcome.kind === 'failed') {
      const { failure } = outcome;
      throw new ApiError(failure.code === 'cancelled' && late.aborted ? lateFacts(mostMs) : factsOf(failure));
    }
    result = outcome.result;
  } catch (thrown) {
    if (sent?.isOpen() !== true) throw thrown;
    sent.send(errorBody(factsOfThrown(thrown)));
    response.end();
    return;
  } finally {
    leave();
  }
  if (gone.signal.aborted) return;
  if (sent === undefined) return sendJson(response, 200, answer.whole(result));
  if (!sent.isOpen()) for (const event of answer.begin()) sent.send(event);
  sent.send(answer.end(result));
  if (includeUsage) sent.send(answer.usage(result));
  response.end('data: [DONE]\n\n');
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Nothing is sent before the first event, so that what goes wrong before it has a status of its own. */
function events(response: ServerResponse) {
  return {
    isOpen: () => response.headersSent,
    send(event: object): void {
      if (!response.headersSent)
        response.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache',
        });
      response.write(`data: ${JSON.stringify(event)}\n\n`);
    },
  };
}

export function factsOfThrown(thrown: unknown): ApiErrorFacts {
  return thrown instanceof ApiError ? thrown.facts : factsOf(toFailure(thrown));
}

function lateFacts(mostMs: number): ApiErrorFacts {
  return {
    status: 504,
    code: 'timeout',
    message: `There was no answer within ${Math.round(mostMs / 1000)} s. Ask for less, or when fewer others do.`,
  };
}
