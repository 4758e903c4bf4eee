/** Answers in OpenAI's shapes, whole or piece by piece, with who said what in a field of our own. */

import { randomUUID } from 'node:crypto';
import type { Delta, Generated, StopReason, TokenTrace } from '../protocol/engine.ts';
import { chatLogProbs, completionLogProbs, rowsOfText } from './log-probs.ts';

export interface Answer {
  whole(result: Generated): object;
  /** What streams before any text. */
  begin(): readonly object[];
  piece(delta: Delta): object;
  end(result: Generated): object;
  /** What streams last, where usage was asked for. */
  usage(result: Generated): object;
}

export interface AnswerFacts {
  readonly model: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Whether probabilities were asked for. */
  readonly logProbs: boolean;
}

export function chatAnswer(facts: AnswerFacts): Answer {
  const head = headOf('chatcmpl', facts);
  const chunk = { ...head, object: 'chat.completion.chunk' };
  const rows = rowsOfText();
  const logprobs = (trace: readonly TokenTrace[] = [], text = ''): object | null =>
    facts.logProbs ? chatLogProbs(rows.take(trace, text)) : null;
  const choice = (delta: object, beside: object) => [{ index: 0, delta, finish_reason: null, ...beside }];
  return {
    whole: (result) => ({
      ...head,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: result.text, refusal: null },
          logprobs: logprobs(result.trace, result.text),
          finish_reason: reasonOf(result.stop),
        },
      ],
      usage: usageOf(result),
      chorus: saidBy(result),
    }),
    begin: () => [{ ...chunk, choices: choice({ role: 'assistant', content: '' }, { logprobs: null }) }],
    piece: (delta) => ({
      ...chunk,
      choices: choice({ content: delta.text }, { logprobs: logprobs(delta.trace, delta.text) }),
      chorus: pieceBy(delta),
    }),
    end: (result) => ({
      ...chunk,
      choices: choice({}, { logprobs: null, finish_reason: reasonOf(result.stop) }),
      chorus: saidBy(result),
    }),
    usage: (result) => ({ ...chunk, choices: [], usage: usageOf(result) }),
  };
}

/** @param echo what the text begins with */
export function completionAnswer(facts: AnswerFacts, echo: string): Answer {
  const head = { ...headOf('cmpl', facts), object: 'text_completion' };
  const rows = rowsOfText();
  let written = echo.length;
  const logprobs = (trace: readonly TokenTrace[] = [], text = ''): object | null => {
    const from = written;
    written += text.length;
    return facts.logProbs ? completionLogProbs(rows.take(trace, text), from) : null;
  };
  const choice = (text: string, beside: object) => [
    { index: 0, text, logprobs: null, finish_reason: null, ...beside },
  ];
  return {
    whole: (result) => ({
      ...head,
      choices: choice(`${echo}${result.text}`, {
        logprobs: logprobs(result.trace, result.text),
        finish_reason: reasonOf(result.stop),
      }),
      usage: usageOf(result),
      chorus: saidBy(result),
    }),
    begin: () => (echo === '' ? [] : [{ ...head, choices: choice(echo, {}) }]),
    piece: (delta) => ({
      ...head,
      choices: choice(delta.text, { logprobs: logprobs(delta.trace, delta.text) }),
      chorus: pieceBy(delta),
    }),
    end: (result) => ({
      ...head,
      choices: choice('', { finish_reason: reasonOf(result.stop) }),
      chorus: saidBy(result),
    }),
    usage: (result) => ({ ...head, choices: [], usage: usageOf(result) }),
  };
}

function headOf(prefix: string, { model, created }: AnswerFacts) {
  return { id: `${prefix}-${randomUUID()}`, created, model };
}

/** An answer that ran out of time is cut off as one that ran out of tokens is. */
function reasonOf(stop: StopReason): 'stop' | 'length' {
  return stop === 'end' || stop === 'stop' ? 'stop' : 'length';
}

/** Of the longest prompt, where experts have their own. Where experts are mixed by bytes, those of the answer are counted. */
function usageOf({ promptTokens, ids }: Generated): object {
  const prompt = Math.max(0, ...Object.values(promptTokens));
  return {
    prompt_tokens: prompt,
    completion_tokens: ids.length,
    total_tokens: prompt + ids.length,
  };
}

/** Shares of the answer, weights at its end, and the mean agreement of the experts over its tokens; null for an empty one. */
function saidBy({ shares, weights, unit, trace = [] }: Generated): object {
  const known = trace.map(({ agreement }) => agreement).filter(Number.isFinite);
  const agreement = known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
  return { shares, weights, agreement, unit };
}

function pieceBy({ origin, unit }: Delta): object {
  return { shares: origin.shares, agreement: origin.agreement ?? null, unit };
}
