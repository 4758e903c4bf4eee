/**
 * An OpenAI-compatible server for other programs on this machine. It listens on the loopback interface alone and opens no connection.
 * node:http without a framework: there are four routes, and what matters here (hosts, the key, limits, who has gone) is no
 * framework's.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Engine } from '../engine/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import { chatAnswer, completionAnswer } from './answers.ts';
import { ApiError, errorBody } from './api-error.ts';
import { jsonBody } from './body.ts';
import { chatRequest } from './chat-request.ts';
import { completionRequest } from './completion-request.ts';
import { checkHost, checkKey, originHeaders } from './guard.ts';
import { createLane } from './lane.ts';
import type { Asked } from './parameters.ts';
import { factsOfThrown, respond, sendJson } from './respond.ts';
import type { ServedModel } from './served-model.ts';

export interface ServeOptions {
  readonly engine: Pick<Engine, 'generate'>;
  /** The first answers where a request names none. */
  readonly models: readonly [ServedModel, ...ServedModel[]];
  readonly key: string;
  /** 0 takes one that is free. */
  readonly port: number;
  /** Whether it also listens on ::1. */
  readonly ipv6: boolean;
  /** Origins of web pages that may read answers, `https://example.org` for instance. */
  readonly origins: readonly string[];
  readonly limits?: Partial<Limits>;
  /** A bug of ours. */
  readonly log: (text: string) => void;
}

export interface Limits {
  readonly bodyBytes: number;
  /** In which a whole request must have come. */
  readonly requestMs: number;
  /** After which an answer is cut off. */
  readonly answerMs: number;
  /** Requests that wait beside the one that is answered. */
  readonly waiting: number;
  readonly connections: number;
}

const usualLimits: Limits = {
  bodyBytes: 8e6,
  requestMs: 30_000,
  answerMs: 600_000,
  waiting: 16,
  connections: 128,
};

export interface Serving {
  readonly port: number;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Resolves when it listens; rejects with a `ChorusError` where it cannot. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const limits = { ...usualLimits, ...options.limits };
  const closing = new AbortController();
  const lane = createLane(limits.waiting);
  const created = Math.floor(Date.now() / 1000);
  const { engine, models, log } = options;
  let { port } = options;

  const modelOf = (id: string | undefined): ServedModel => {
    const found = id === undefined ? models[0] : models.find((model) => model.id === id);
    if (found !== undefined) return found;
    const message = `There is no model '${id}'. There are ${models.map((model) => model.id).join(', ')}.`;
    throw new ApiError({ status: 404, code: 'model_not_found', message, param: 'model' });
  };
  const common = { engine, lane, closing: closing.signal, mostMs: limits.answerMs };
  const factsFor = (model: ServedModel, { request }: Asked) => ({
    model: model.id,
    created: Math.floor(Date.now() / 1000),
    logProbs: request.alternatives !== undefined,
  });
  const described = ({ id }: ServedModel) => ({ id, object: 'model', created, owned_by: 'chorus' });

  const posts: Readonly<Record<string, (body: unknown, response: ServerResponse) => Promise<void>>> = {
    '/v1/chat/completions'(body, response) {
      const asked = chatRequest(body);
      const model = modelOf(asked.model);
      return respond(asked, response, { ...common, model, answer: chatAnswer(factsFor(model, asked)) });
    },
    '/v1/completions'(body, response) {
      const asked = completionRequest(body);
      const model = modelOf(asked.model);
      const answer = completionAnswer(factsFor(model, asked), asked.echo);
      return respond(asked, response, { ...common, model, answer });
    },
  };
  const gets = (path: string): object | undefined => {
    if (path === '/v1/models') return { object: 'list', data: models.map(described) };
    const [, id] = /^\/v1\/models\/(.+)$/.exec(path) ?? [];
    return id === undefined ? undefined : described(modelOf(decoded(id)));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '/', headers } = request;
    checkHost(headers, port);
    const allowed = originHeaders(headers, options.origins);
    for (const [name, value] of Object.entries(allowed)) response.setHeader(name, value);
    if (method === 'OPTIONS' && Object.keys(allowed).length > 0) {
      response.writeHead(204).end();
      return;
    }
    checkKey(headers, options.key);
    const [path = ''] = url.split('?', 1);
    const post = Object.hasOwn(posts, path) ? posts[path] : undefined;
    const found = post === undefined ? gets(path) : undefined;
    if (post === undefined && found === undefined) {
      const message = `There is no ${path.slice(0, 200)} here. There are /v1/models, /v1/chat/completions and /v1/completions.`;
      throw new ApiError({ status: 404, code: 'unknown_url', message });
    }
    const wanted = post === undefined ? 'GET' : 'POST';
    if (method !== wanted) {
      response.setHeader('allow', wanted);
      const message = `${path} is asked with ${wanted}, not ${method}.`;
      throw new ApiError({ status: 405, code: 'method_not_allowed', message });
    }
    if (found !== undefined) sendJson(response, 200, found);
    else await post?.(await jsonBody(request, limits.bodyBytes), response);
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((thrown: unknown) => {
      // Who goes away in the middle of a body need not be told, and nothing of ours is wrong.
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ECONNRESET')
        return response.destroy();
      const facts = factsOfThrown(thrown);
      if (facts.code === 'internal') log(thrown instanceof Error ? `${thrown.stack}` : String(thrown));
      if (response.headersSent || response.destroyed) return response.destroy();
      // What is left of a body that was not read is not waited for.
      response.setHeader('connection', 'close');
      sendJson(response, facts.status, errorBody(facts));
    });
  };

  const servers: ReturnType<typeof createServer>[] = [];
  const close = async (): Promise<void> => {
    closing.abort();
    await Promise.all(
      servers.map((server) => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        return closed;
      }),
    );
  };
  try {
    for (const host of options.ipv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
      const server = createServer(
        { requestTimeout: limits.requestMs, headersTimeout: limits.requestMs },
        handle,
      );
      server.maxConnections = limits.connections;
      servers.push(server);
      port = await listening(server, host, port);
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { port, close };
}

function listening(server: ReturnType<typeof createServer>, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      const why =
        code === 'EADDRINUSE'
          ? `Port ${port} is taken, perhaps by another chorus serve. Choose another with --port.`
          : `Nothing can listen on ${host}, port ${port}: ${message}.`;
      reject(new ChorusError('setting-invalid', why));
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
