/** What a request asks for that changes nothing: it is answered all the same, and the answer's `notes` say so. */

import { folderKind } from '../models/folder-kind.ts';
import type { ExpertSetting, Generated, GenerateRequest, MixSetting } from '../protocol/engine.ts';

/** What a request gave of the fields that only count beside others. */
export interface Given {
  readonly power: boolean;
  /** The bases that were named, by the experts' places. */
  readonly bases: readonly (string | undefined)[];
}

/** Of the mix alone. */
export async function idleInMix(mix: MixSetting, given: Given): Promise<string[]> {
  const notes: string[] = [];
  if (given.power && mix.pool.kind !== 'power') {
    notes.push(
      `'power' has no effect on the pool '${mix.pool.kind}'. Leave it out, or set 'pool' to 'power'.`,
    );
  }
  for (const [i, { folder }] of mix.experts.entries()) {
    const base = given.bases[i];
    if (base !== undefined && (await folderKind(folder)).kind !== 'adapter') {
      notes.push(
        `'base' of experts[${i}] has no effect: it is a whole model and no adapter of '${base}'. Leave it out.`,
      );
    }
  }
  return notes;
}

/** Of a generation, before it begins. */
export function idleInRequest(request: GenerateRequest, mix: MixSetting): string[] {
  const notes: string[] = [];
  const { temperature, topK, topP, minP, seed } = request.sampling;
  if (temperature === 0) {
    const idle = { topK: topK > 0, topP: topP < 1, minP: minP > 0, seed: seed !== 0 };
    const names = Object.entries(idle).flatMap(([name, isGiven]) => (isGiven ? [`'${name}'`] : []));
    if (names.length > 0) {
      notes.push(
        `${names.join(', ')} ${names.length === 1 ? 'has' : 'have'} no effect at temperature 0, where the likeliest token is always taken. Set 'temperature' above 0, or leave ${names.length === 1 ? 'it' : 'them'} out.`,
      );
    }
  }
  const hindrance = request.route === 'auto' ? routeHindrance(request, mix) : undefined;
  if (hindrance !== undefined) {
    notes.push(`'route' has no effect ${hindrance}: all experts answer. Leave it out.`);
  }
  if (request.route !== 'auto' && request.routeWithin !== undefined) {
    notes.push("'routeWithin' has no effect without routing. Leave it out, or set 'route' to 'auto'.");
  }
  const { accelerate, candidates = 1 } = request;
  const asksInTurns = accelerate === 'inTurn' || accelerate === 'lazily';
  if (asksInTurns && voices(mix).length + vetoes(mix).length < 2) {
    notes.push(
      `'accelerate' has no effect: '${accelerate}' is about which of several experts are asked, and there is one. Leave it out, or set it to 'lookup'.`,
    );
  } else if (accelerate === 'lazily' && candidates > 1) {
    notes.push(
      "'accelerate' is not 'lazily' but 'lookup' here: candidates are compared by what all experts say. Set it to 'lookup'.",
    );
  }
  return notes;
}

/** Of a generation, known by its answer. */
export function idleInAnswer(request: GenerateRequest, { unit }: Generated): string[] {
  if (unit !== 'byte') return [];
  const why =
    'has no effect where experts are mixed by bytes, because their vocabularies differ. Leave it out.';
  return [
    ...(request.accelerate === 'none' ? [] : [`'accelerate' ${why}`]),
    ...(request.whenFull === 'slide' ? [`'whenFull' ${why}`] : []),
  ];
}

/** Why no expert can answer alone for the others. */
function routeHindrance({ grammar }: GenerateRequest, mix: MixSetting): string | undefined {
  if (voices(mix).length < 2) return 'where only one expert answers';
  if (vetoes(mix).length > 0) return 'beside a veto';
  if (grammar !== undefined) return 'under a grammar';
  return mix.weighting === 'fixed' || mix.weighting === 'prompt'
    ? undefined
    : `with weighting '${mix.weighting}', where the weights move with the answer`;
}

function voices({ experts }: MixSetting): readonly ExpertSetting[] {
  return experts.filter(({ role, weight }) => role !== 'veto' && weight > 0);
}

function vetoes({ experts }: MixSetting): readonly ExpertSetting[] {
  return experts.filter(({ role, weight }) => role === 'veto' && weight > 0);
}
