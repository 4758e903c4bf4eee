/** How fast answers are written, as counts by the experts that write them. */

import type { Delta, GenerateOutcome, GenerateRequest, Surface } from '../protocol/engine.ts';
import type { CallOptions } from '../protocol/rpc.ts';
import type { UsageStore } from './usage-store.ts';

export type Generate = (request: GenerateRequest, options: CallOptions<Delta>) => Promise<GenerateOutcome>;

/**
 * The same, with each answer counted: its tokens and the time that they took. Answers mixed by bytes are left out, whose steps are no
 * tokens, and so are those of which several were drawn.
 * @param experts who takes part where a request brings no mix of its own
 */
export function measured(
  generate: Generate,
  experts: (surface: Surface) => readonly string[],
  count: UsageStore['count'],
): Generate {
  return async (request, options) => {
    const set = request.mix === undefined ? experts(request.surface) : Object.keys(request.mix.weights);
    const outcome = await generate(request, options);
    if (outcome.kind !== 'generated') return outcome;
    const { unit, ids, ms, candidates } = outcome.result;
    if (unit === 'token' && ids.length > 0 && ms.decode > 0 && candidates === undefined) {
      const key = { surface: request.surface, language: '', experts: set.join(' + ') };
      count(key, { answers: 1, tokens: ids.length, ms: Math.round(ms.decode) });
    }
    return outcome;
  };
}
