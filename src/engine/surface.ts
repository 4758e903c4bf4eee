/** The mix as it holds on one surface: ghost text and chat may weigh the same experts differently. */

import type { Prompt, Surface } from '../protocol/engine.ts';
import type { Experts } from './experts.ts';
import type { MixtureSource } from './mixture.ts';

export function onSurface(experts: Experts, surface: Surface): MixtureSource {
  return {
    mix: () => {
      const mix = experts.mix();
      return { ...mix, weighting: mix.surfaces?.[surface]?.weighting ?? mix.weighting };
    },
    ready: () => experts.ready(surface),
  };
}

/** Where a prompt of this kind is asked. */
export function surfaceOf({ kind }: Prompt): Surface {
  return kind === 'messages' ? 'chat' : 'completion';
}
