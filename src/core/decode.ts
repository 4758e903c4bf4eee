/**
 * The decode loop: at every token each participant gives its distribution, the distributions are pooled, and one token
 * is drawn from the pool (arXiv 2411.00406). Who takes part may change between any two tokens.
 */

import { type Asker, createDecoding } from './decoding.ts';
import { askInTurn } from './in-turn.ts';
import { askLazily, mayBeLazy } from './lazy.ts';
import type { DecodeOptions, Step } from './step.ts';
import { askTogether } from './together.ts';

export type DecodeEnd = 'end' | 'length' | 'cancelled';

/**
 * Yields a step per token and returns why it ended: `end` (a stop token), `length` (maxTokens, or an expert's context
 * is full and may not slide), `cancelled` (the signal, or nobody takes part). Throws where vocabularies differ or logits are not finite.
 */
export async function* decode(options: DecodeOptions): AsyncGenerator<Step, DecodeEnd> {
  const { asking = 'together', signal, stopTokens } = options;
  const decoding = createDecoding(options);
  let together = askTogether(decoding);
  let rest: Asker = together;
  while (decoding.generated.length < options.maxTokens) {
    if (decoding.adopt(await options.mix())) {
      together = askTogether(decoding);
      rest = together;
      if (asking === 'inTurn') rest = askInTurn(decoding);
      if (asking === 'lazily' && mayBeLazy(decoding)) rest = askLazily(decoding);
    }
    if (signal?.aborted || decoding.participants.length === 0) return 'cancelled';
    if (decoding.room() <= 0 && !decoding.slide()) return 'length';
    // Guesses from the context cost nothing, so they go first.
    const step = await (together.guesses() ? together : rest).next();
    if (step === 'cancelled' || signal?.aborted) return 'cancelled';
    yield step;
    if (stopTokens.has(step.token)) return 'end';
  }
  return 'length';
}
