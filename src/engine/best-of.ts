/** Several answers to one request, and the one of least energy. */

import { rerank } from '../core/rerank.ts';
import type { Acceleration, Generated, GenerateRequest } from '../protocol/engine.ts';
import { ChorusError, toFailure } from '../protocol/failure.ts';
import { energiesOf } from './energy.ts';
import { type GenerateOptions, generate } from './generate.ts';

const MOST_CANDIDATES = 64;

/**
 * `request.candidates` answers with the seeds seed, seed + 1, ...; their text is given out once the best is known. A request that
 * is cancelled chooses among those that were whole by then. All experts are asked for each token, as one asked lazily
 * leaves unknown how probable the answer is. Rejects as `generate` does.
 */
export async function bestOf(request: GenerateRequest, options: GenerateOptions): Promise<Generated> {
  const { candidates: wanted = 1, sampling } = request;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST_CANDIDATES) {
    throw new ChorusError(
      'request-invalid',
      `'candidates' is ${wanted}; it must be a whole number of 1 to ${MOST_CANDIDATES}.`,
    );
  }
  if (wanted === 1) return generate(request, options);
  if (sampling.temperature === 0) {
    throw new ChorusError(
      'request-invalid',
      "Several candidates need a temperature above 0: at 0 all would be the same. Set 'temperature', to 0.8 for instance.",
    );
  }
  const asking = { ...request, trace: true, accelerate: together(request.accelerate) };
  const candidates: Generated[] = [];
  for (let i = 0; i < wanted; i++) {
    const seeded = { ...asking, sampling: { ...sampling, seed: sampling.seed + i } };
    const candidate = await generate(seeded, { ...options, onDelta: () => {} }).catch((thrown: unknown) => {
      // Cancelled before its turn came.
      if (candidates.length > 0 && toFailure(thrown).code === 'cancelled') return undefined;
      throw thrown;
    });
    if (candidate === undefined || (candidate.stop === 'cancelled' && candidates.length > 0)) break;
    candidates.push(candidate);
    if (candidate.stop === 'cancelled') break;
  }
  const energies = await energiesOf(request.prompt, candidates, options.syntax);
  const chosen = rerank(energies);
  const { trace, ...best } = candidates[chosen] as Generated;
  const { text, ids, unit, shares } = best;
  if (text !== '') options.onDelta({ text, tokens: ids.length, unit, shares, origin: { shares } });
  return {
    ...best,
    ...(request.trace && trace !== undefined && { trace }),
    chosen,
    candidates: candidates.map(({ text, stop }, i) => ({ text, stop, energy: energies[i] ?? [] })),
  };
}

function together(accelerate: Acceleration): Acceleration {
  return accelerate === 'lazily' || accelerate === 'auto' ? 'lookup' : accelerate;
}
