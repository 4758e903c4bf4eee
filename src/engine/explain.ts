/** What each expert would have said at one step of an answer: the answer is read again, and its last step looked at. */

import { BYTE_SYMBOLS, END_OF_BYTES } from '../core/byte-vocabulary.ts';
import type { Distribution } from '../core/distribution.ts';
import { descending } from '../core/sampler.ts';
import { untilAborted } from '../protocol/abort.ts';
import type { ExplainRequest } from '../protocol/engine.ts';
import type { Explanation, Opinion, Possibility } from '../protocol/explain.ts';
import { ChorusError } from '../protocol/failure.ts';
import { byteMixOf } from './by-bytes.ts';
import type { Experts } from './experts.ts';
import { ROUTE_WITHIN } from './generate.ts';
import { createMixture, type LiveMix } from './mixture.ts';
import { overBytes, overTokens } from './over-steps.ts';
import { createPooledScore } from './pooled-score.ts';
import { onSurface } from './surface.ts';
import type { TemplateRenderer } from './template.ts';
import type { Turns } from './turns.ts';

export interface ExplainOptions {
  readonly experts: Experts;
  readonly templates: TemplateRenderer;
  readonly turns: Turns;
  readonly signal: AbortSignal;
}

/** Rejects with a `ChorusError` where the experts of now cannot read this answer. */
export async function explain(
  request: ExplainRequest,
  { experts, templates, turns, signal }: ExplainOptions,
): Promise<Explanation> {
  await untilAborted(experts.load(), signal);
  const source = onSurface(experts, request.surface);
  const within = request.route === 'auto' ? ROUTE_WITHIN : undefined;
  const turn = await turns.take(0);
  try {
    if (signal.aborted) throw new ChorusError('cancelled', 'The request was cancelled.');
    const mix = await createMixture(source, request.prompt, templates, signal, within).now();
    check(request, mix);
    return await look(request, mix, { signal, between: () => turn.pass() });
  } finally {
    turn.end();
  }
}

function check({ ids, unit }: ExplainRequest, mix: LiveMix): void {
  const first = mix.participants[0];
  if (first === undefined) {
    throw new ChorusError('no-expert', 'No expert takes part now. Turn one on in the Experts view.');
  }
  const size = mix.unit === 'byte' ? BYTE_SYMBOLS : first.expert.vocabularySize;
  if (mix.unit !== unit || ids.some((id) => id >= size)) {
    throw new ChorusError(
      'request-invalid',
      'This answer was mixed from other experts, in other units than those of now. Turn them on again, or ask again.',
    );
  }
  for (const { expert, prompt } of mix.participants) {
    if (prompt.length + ids.length <= expert.contextLength) continue;
    throw new ChorusError(
      'context-full',
      `This place is further on than '${expert.name}' reads at once (${expert.contextLength} tokens). Choose an earlier one.`,
    );
  }
}

async function look(
  { ids, top }: ExplainRequest,
  mix: LiveMix,
  how: { readonly signal: AbortSignal; readonly between: () => Promise<void> },
): Promise<Explanation> {
  const byBytes = mix.unit === 'byte';
  const scoring = createPooledScore(
    mix,
    byBytes ? BYTE_SYMBOLS : (mix.participants[0]?.expert.vocabularySize ?? 0),
  );
  const last = ids.length - 1;
  const symbol = ids[last] as number;
  const named = byBytes ? byteNamed : tokenNamed(mix);
  const opinion = (probabilities: Distribution['probabilities']): Opinion => ({
    top: likeliest(probabilities, top).map((id) => named(id, probabilities[id] as number)),
    drawn: named(symbol, probabilities[symbol] as number),
  });
  let pool: Opinion | undefined;
  const alone: Opinion[] = [];
  const say = (distributions: readonly Distribution[], step: number): void =>
    scoring.add(distributions, {
      symbol: ids[step] as number,
      bytes: 0,
      pooled(probabilities) {
        if (step === last) pool = opinion(probabilities);
        return 0;
      },
      alone(i) {
        const said = distributions[i];
        if (step === last && said !== undefined) alone.push(opinion(said.probabilities));
        return 0;
      },
    });
  // Weights that follow the answer are what they were only if all of it is read.
  if (byBytes) await overBytes(byteMixOf(mix), ids, { ...how, say });
  else await overTokens(mix, ids, { ...how, say });
  if (pool === undefined) throw new ChorusError('request-invalid', 'No step of the answer was named.');
  const { weights } = scoring.score();
  return {
    pool,
    experts: Object.fromEntries(
      mix.participants.flatMap(({ expert: { name } }, i) => {
        const said = alone[i];
        return said === undefined ? [] : [[name, { ...said, weight: weights[name] ?? 0 }]];
      }),
    ),
  };
}

function likeliest(probabilities: Distribution['probabilities'], count: number): number[] {
  const ids: number[] = [];
  for (const id of descending(probabilities)) {
    if (ids.length === count) break;
    ids.push(id);
  }
  return ids;
}

function byteNamed(id: number, probability: number): Possibility {
  return id === END_OF_BYTES ? { kind: 'end', probability } : spelled(Uint8Array.of(id), probability);
}

function tokenNamed({ participants }: LiveMix): (id: number, probability: number) => Possibility {
  return (id, probability) => {
    if (participants.some(({ expert }) => expert.endTokens.has(id))) return { kind: 'end', probability };
    return spelled(participants[0]?.expert.tokenizer.bytes(id) ?? new Uint8Array(0), probability);
  };
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Part of a character has no text. */
function spelled(bytes: Uint8Array, probability: number): Possibility {
  try {
    return { kind: 'text', text: strict.decode(bytes), probability };
  } catch {
    const hex = [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
    return { kind: 'bytes', hex, probability };
  }
}
