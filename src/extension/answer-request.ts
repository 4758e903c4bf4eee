/** A request for an answer: in the chat view, by an editor action, in the editor's own chat. */

import type { ChatMessage, GenerateRequest, RequestMix, RouteSetting } from '../protocol/engine.ts';

export interface AnswerOptions {
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly route: RouteSetting;
  readonly seed: number;
  /** In place of the mix in force. */
  readonly mix?: RequestMix | undefined;
}

export function answerRequest(
  messages: readonly ChatMessage[],
  { maxTokens, temperature, route, seed, mix }: AnswerOptions,
): GenerateRequest {
  return {
    surface: 'chat',
    prompt: { kind: 'messages', messages },
    ...(mix !== undefined && { mix }),
    maxTokens,
    whenFull: 'slide',
    // min-p cuts the tail that a small model samples nonsense from (arXiv 2407.01082); greedy is not touched by it.
    sampling: { temperature, topK: 0, topP: 1, minP: 0.05, seed },
    stop: [],
    accelerate: 'lookup',
    route,
    trace: false,
  };
}
