/** From a question to the engine's request, and from its outcome to an answer that has ended. */

import type { Answer, Turn } from '../protocol/chat.ts';
import type {
  ExplainRequest,
  Generated,
  GenerateOutcome,
  GenerateRequest,
  RouteSetting,
} from '../protocol/engine.ts';
import { answerRequest } from './answer-request.ts';
import { messagesFor } from './chat-prompt.ts';

export interface ChatSettings {
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** Empty for none. */
  readonly systemPrompt: string;
  /** Whether one expert may answer alone where the mixture would hardly differ. */
  readonly route: RouteSetting;
}

/** What an answer was drawn from, and the steps that were. */
export type Drawn = Pick<ExplainRequest, 'surface' | 'prompt' | 'route' | 'unit' | 'ids'>;

export function requestFor(
  question: string,
  earlier: readonly Turn[],
  settings: ChatSettings,
  seed: number,
): GenerateRequest {
  return {
    ...answerRequest(messagesFor(question, earlier, settings.systemPrompt), { ...settings, seed }),
    // Who agreed with whom, for each piece: two passes over the vocabulary a token, beside a run of each expert.
    observe: true,
  };
}

export function drawnBy(
  { surface, prompt, route = 'never' }: GenerateRequest,
  { unit, ids }: Generated,
): Drawn {
  return { surface, prompt, route, unit, ids };
}

/** A stopped answer is a finished one: what had appeared stays. */
export function endedAnswer(answer: Answer, outcome: GenerateOutcome): Answer {
  if (outcome.kind === 'failed') {
    const { text, tokens, unit, shares, pieces } = answer;
    const soFar = { text, tokens, shares, pieces, ...(unit !== undefined && { unit }) };
    if (outcome.failure.code === 'cancelled') return { kind: 'done', stop: 'cancelled', ...soFar };
    return { kind: 'failed', failure: outcome.failure, ...soFar };
  }
  const { result } = outcome;
  const count = result.ids.length;
  const rate =
    count > 0 && result.ms.decode > 0 ? { tokensPerSecond: (1000 * count) / result.ms.decode } : {};
  return {
    kind: 'done',
    stop: result.stop,
    text: result.text,
    tokens: count,
    unit: result.unit,
    shares: result.shares,
    ...(Object.keys(result.weights).length > 0 && { weights: result.weights }),
    // Nothing of it is known where the whole is not what had streamed.
    pieces: result.text === answer.text ? answer.pieces : [],
    ...rate,
  };
}
