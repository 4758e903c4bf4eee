/** A mix under a name that stays the same, as other programs ask for it. */

import type { MixSetting } from '../protocol/engine.ts';

export interface ServedModel {
  readonly id: string;
  readonly mix: MixSetting;
}
