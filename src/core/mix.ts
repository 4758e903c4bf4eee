/** Who takes part in a mixture, and how their distributions are joined. */

import type { Expert } from './expert.ts';
import type { Pool } from './pool.ts';
import type { Weighting } from './weighting.ts';

export interface Participant {
  readonly expert: Expert;
  /** This expert's own prompt; the generated tokens are appended to each participant's alike. */
  readonly prompt: Int32Array;
  /** Relative weight >= 0; an expert of weight 0 is not run. */
  readonly weight: number;
}

export interface Mix {
  /** In a fixed order; empty ends the generation. */
  readonly participants: readonly Participant[];
  /** Experts that only lower what the pool proposes (core/veto.ts); `weight` is the strength of each. */
  readonly vetoes?: readonly Participant[] | undefined;
  readonly pool: Pool;
  /** Makes the weighting that starts from the participants' own weights; they stay as they are where it is left out. */
  readonly weighting?: (prior: readonly number[]) => Weighting;
}
