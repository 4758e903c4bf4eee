/** The mixture of one request: the one in force, or another that the request brings, whose experts are loaded for it where they are not. */

import type { GenerateRequest, RequestMix } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { LoadedExpert } from '../runtime/expert.ts';
import type { Experts } from './experts.ts';
import type { MixtureSource } from './mixture.ts';
import { onSurface } from './surface.ts';

export interface LentMixture {
  readonly source: MixtureSource;
  /** Unloads what was loaded for this request alone. */
  giveBack(): void;
}

/** Rejects with a `ChorusError` where an expert of the request's own mix cannot be loaded; a load that nobody waits for any more ends. */
export async function mixtureSource(
  experts: Experts,
  { surface, mix }: Pick<GenerateRequest, 'surface' | 'mix'>,
  signal: AbortSignal,
): Promise<LentMixture> {
  return mix === undefined
    ? { source: onSurface(experts, surface), giveBack: () => {} }
    : borrowed(experts, mix, signal);
}

async function borrowed(
  experts: Experts,
  { weights, pool, weighting }: RequestMix,
  signal: AbortSignal,
): Promise<LentMixture> {
  const known = experts.mix().experts.map(({ id }) => id);
  const named = Object.entries(weights).filter(([, weight]) => weight > 0);
  const missing = named.find(([id]) => !known.includes(id));
  if (missing !== undefined) {
    throw new ChorusError(
      'no-expert',
      `There is no expert '${missing[0]}'. The experts are ${known.join(', ')}.`,
    );
  }
  const loans = named.map(([id]) => ({
    id,
    isOwn: experts.loaded(id) === undefined,
    loan: experts.borrow(id, named.length),
  }));
  const giveBack = (): void => {
    for (const { loan } of loans) loan.giveBack();
  };
  const lent = new Map<string, LoadedExpert>();
  signal.addEventListener('abort', giveBack, { once: true });
  try {
    const loaded = await Promise.all(loans.map(({ loan }) => loan.expert));
    for (const [i, { id, isOwn }] of loans.entries()) if (isOwn) lent.set(id, loaded[i] as LoadedExpert);
  } catch (thrown) {
    giveBack();
    throw thrown;
  } finally {
    // From here on whoever decodes with them ends first.
    signal.removeEventListener('abort', giveBack);
  }
  return {
    source: {
      mix: () => ({ pool, weighting }),
      // One of the mix in force may be switched off in the middle of the answer, which then goes on without it.
      ready: () =>
        named.flatMap(([id, weight]) => {
          const expert = lent.get(id) ?? experts.loaded(id);
          return expert === undefined ? [] : [{ id, weight, role: 'voice' as const, expert }];
        }),
    },
    giveBack,
  };
}
