/** A mix under a name that stays the same, as other programs ask for it. */

import type { RequestMix, Surface } from '../protocol/engine.ts';

export interface ServedModel {
  readonly id: string;
  /** In completions and in a chat; left out: the mix that is in force. */
  readonly mixes?: Readonly<Record<Surface, RequestMix>> | undefined;
}
