/** What an expert weighs on a surface: its own weight, where none is given for it there. */

import type { ExpertSetting, MixRules, Surface } from '../protocol/engine.ts';

export function weightOn(
  { surfaces }: Pick<MixRules, 'surfaces'>,
  surface: Surface | undefined,
  { id, weight }: Pick<ExpertSetting, 'id' | 'weight'>,
): number {
  const weights = surface === undefined ? undefined : surfaces?.[surface]?.weights;
  return weights !== undefined && Object.hasOwn(weights, id) ? (weights[id] ?? weight) : weight;
}
