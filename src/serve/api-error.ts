/** What goes wrong, in the shape of OpenAI's errors: a status, a sentence, a type, a code, and the parameter it is about. */

import type { Failure } from '../protocol/failure.ts';

export interface ApiErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** The parameter that is wrong. */
  readonly param?: string | undefined;
}

export class ApiError extends Error {
  readonly facts: ApiErrorFacts;

  constructor(facts: ApiErrorFacts) {
    super(facts.message);
    this.name = 'ApiError';
    this.facts = facts;
  }
}

export function badRequest(message: string, param?: string, code = 'invalid_request'): ApiError {
  return new ApiError({ status: 400, code, message, param });
}

/** What OpenAI's clients parse. */
export function errorBody({ status, code, message, param = undefined }: ApiErrorFacts): object {
  return { error: { message, type: typeOf(status), param: param ?? null, code } };
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** What the engine says of a request, or a bug of ours. */
export function factsOf({ code, message }: Failure): ApiErrorFacts {
  const underscored = code.replaceAll('-', '_');
  switch (code) {
    case 'context-full':
      return { status: 400, code: 'context_length_exceeded', message };
    case 'request-invalid':
    case 'unsupported':
      return { status: 400, code: underscored, message };
    case 'out-of-memory':
    case 'engine-exited':
    case 'cancelled':
      return { status: 503, code: underscored, message };
    default:
      return { status: 500, code: underscored, message };
  }
}
