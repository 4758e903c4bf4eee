/** Runs every variant on every case of a suite. Only what is reachable from here decides the figures of a case. */

import type { EngineParts } from '../../src/engine/engine.ts';
import { fingerprint, type ResultsStore } from './results-store.ts';
import { createScoringEngine, type ScoringEngine } from './scored-once.ts';
import type { Part } from './statistics.ts';
import type { Case, Suite } from './suites.ts';
import { type Family, mixOf, type Variant } from './variants.ts';

/** By variant, then by metric. */
export type CaseResults = Readonly<Record<string, Readonly<Record<string, Part>>>>;

export interface MeasureOptions extends EngineParts {
  readonly family: Family;
  readonly suite: Suite;
  readonly variants: readonly Variant[];
  /** Also asks for answers; else only scores the true ones. */
  readonly answers?: boolean;
  readonly store: ResultsStore<CaseResults>;
  /** Changes with the code and the models. */
  readonly stamp: string;
  readonly progress: (text: string) => void;
}

/** The results of every case, in order; those that `store` has are not measured again. */
export async function measureAll({
  family,
  suite,
  variants,
  answers = true,
  ...rest
}: MeasureOptions): Promise<CaseResults[]> {
  const { store, stamp, progress } = rest;
  const engine = createScoringEngine(rest);
  try {
    const results: CaseResults[] = [];
    for (const [i, one] of suite.cases.entries()) {
      const key = fingerprint(stamp, suite.name, one.content, JSON.stringify([variants, answers]));
      const known = store.get(key);
      results.push(known ?? (await measureCase(engine, one, { family, suite, variants, answers })));
      if (known !== undefined) continue;
      store.add(key, results[i] as CaseResults);
      progress(`${family.name}, ${suite.name}: ${i + 1} of ${suite.cases.length} cases`);
    }
    return results;
  } finally {
    await engine.dispose();
  }
}

/**
 * All variants, one after the other, from the same remembered prompt, which is most of the time saved. What is remembered is
 * forgotten between cases: int4 graphs round by how a context was read, and a case's results depend on the case alone.
 */
async function measureCase(
  engine: ScoringEngine,
  one: Case,
  { family, suite, variants, answers }: Pick<MeasureOptions, 'family' | 'suite' | 'variants' | 'answers'>,
): Promise<CaseResults> {
  const results: Record<string, Readonly<Record<string, Part>>> = {};
  await engine.forget();
  for (const variant of variants) {
    engine.configure(mixOf(family, variant));
    for (const { state } of await engine.load()) {
      if (state.kind === 'failed') throw new Error(state.failure.message);
    }
    const parts = await one
      .measure(engine, { everyLine: variant.everyLine, answers: answers ?? true })
      .catch((thrown: unknown) => {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        throw new Error(
          `${variant.name} failed in ${suite.name}: ${why} Cases measured so far are kept; the same command goes on from there.`,
        );
      });
    for (const [metric, { sum }] of Object.entries(parts)) {
      if (!Number.isFinite(sum))
        throw new Error(`${variant.name} gave no finite '${metric}' in ${suite.name}`);
    }
    results[variant.name] = parts;
  }
  return results;
}
