/**
 * An engine for the evaluation, whose experts remember what they said of a text that is scored: every way to mix them scores the same
 * texts, and then one run of the experts serves all. What they say is the same.
 */

import { join } from 'node:path';
import type { Distribution } from '../../src/core/distribution.ts';
import { copyRows, type Rows } from '../../src/core/expert.ts';
import { fixedWeighting } from '../../src/core/weighting.ts';
import type { Engine, EngineParts } from '../../src/engine/engine.ts';
import { createExperts, type Experts } from '../../src/engine/experts.ts';
import { generate } from '../../src/engine/generate.ts';
import { createMixture, type LiveMix } from '../../src/engine/mixture.ts';
import { type Score, score } from '../../src/engine/score.ts';
import { onSurface, surfaceOf } from '../../src/engine/surface.ts';
import { createSyntax } from '../../src/engine/syntax.ts';
import { createTemplateRenderer } from '../../src/engine/template.ts';
import { createTurns } from '../../src/engine/turns.ts';
import { availableMemory } from '../../src/models/available-memory.ts';
import { userCacheFolder } from '../../src/models/cache-folder.ts';
import type { MixSetting } from '../../src/protocol/engine.ts';
import type { LoadedExpert } from '../../src/runtime/expert.ts';
import { createDevices } from '../../src/runtime/model-device.ts';

/** What is counted of a score. */
type Scored = Pick<Score, 'logProb' | 'bytes' | 'perToken'>;

export interface Asked extends Pick<Engine, 'generate'> {
  score(request: Parameters<Engine['score']>[0]): Promise<Scored>;
}

export interface ScoringEngine extends Asked {
  configure(mix: MixSetting): void;
  load(): Promise<ReturnType<Experts['statuses']>>;
  /** Forgets what was said, and what the experts remember themselves. */
  forget(): Promise<void>;
  dispose(): Promise<void>;
}

export function createScoringEngine({ programs, open }: EngineParts): ScoringEngine {
  const cacheFolder = userCacheFolder(process.env);
  const log = (): void => {};
  const experts = createExperts({
    workerFile: join(programs, 'worker.js'),
    cacheFolder,
    devices: createDevices({ checkProgram: join(programs, 'device-check.js'), cacheFolder, log }),
    onStatus: () => {},
    log,
    available: availableMemory,
    open,
  });
  const templates = createTemplateRenderer(join(programs, 'template-process.js'));
  const turns = createTurns();
  const syntax = createSyntax(programs);
  const { signal } = new AbortController();
  const clock = (): number => performance.now();
  const remembering = new Map<LoadedExpert, Remembering>();
  const remembered: Experts = {
    ...experts,
    ready: (surface) =>
      experts.ready(surface).map((ready) => {
        const known = remembering.get(ready.expert) ?? remember(ready.expert);
        remembering.set(ready.expert, known);
        return { ...ready, expert: known.expert };
      }),
  };
  return {
    configure: (mix) => experts.configure(mix),
    async load() {
      await experts.load();
      return experts.statuses();
    },
    async generate(request, { onDelta = () => {} } = {}) {
      const result = await generate(request, { experts, templates, turns, syntax, signal, onDelta, clock });
      return { kind: 'generated', result };
    },
    async score({ prompt, continuation }) {
      const source = onSurface(remembered, surfaceOf(prompt));
      const mix = await createMixture(source, prompt, templates, signal).now();
      return (
        (await scoreByTokens(mix, source.mix(), continuation)) ??
        (await score({ prompt, continuation }, { experts: remembered, templates, signal }))
      );
    },
    async forget() {
      for (const { forget } of remembering.values()) forget();
      await Promise.all(experts.ready().map(({ expert }) => expert.forget()));
    },
    async dispose() {
      templates.dispose();
      await experts.dispose();
    },
  };
}

/**
 * The score where it needs no more than how probable each expert found the tokens themselves: the linear pool, weights that do not look at
 * entropies, and nothing of the prompt to write again. Undefined elsewhere.
 */
async function scoreByTokens(
  { participants, unit, weighting: make = fixedWeighting }: LiveMix,
  { pool, weighting }: Pick<MixSetting, 'pool' | 'weighting'>,
  continuation: string,
): Promise<Scored | undefined> {
  const [first] = participants;
  if (first === undefined || unit !== 'token' || first.opening !== '') return undefined;
  if (participants.length > 1 && (pool.kind !== 'linear' || weighting === 'confidence')) return undefined;
  const { tokenizer } = first.expert;
  const ids = tokenizer.encode(continuation);
  const logProbs = await Promise.all(
    participants.map(async ({ expert, prompt }) => {
      const scored = await expert.score(Int32Array.from([...prompt, ...ids]), prompt.length);
      if (scored === 'cancelled') throw new Error('nobody cancels a score');
      return scored;
    }),
  );
  const rule = make(participants.map(({ weight }) => weight));
  const perToken = ids.map((id, j) => {
    // A vocabulary of the one token that came.
    const here = logProbs.map((row): Distribution => {
      const logProb = row[j] ?? Number.NaN;
      return {
        logits: Float32Array.of(logProb),
        probabilities: Float64Array.of(Math.exp(logProb)),
        logSumExp: 0,
      };
    });
    const weights = rule.weights(here);
    const mass = here.reduce(
      (sum, { probabilities }, i) => sum + (weights[i] ?? 0) * (probabilities[0] ?? 0),
      0,
    );
    rule.learn(here, 0);
    return { bytes: tokenizer.bytes(id).length, logProb: Math.log(mass) };
  });
  return {
    logProb: perToken.reduce((sum, { logProb }) => sum + logProb, 0),
    bytes: new TextEncoder().encode(continuation).length,
    perToken,
  };
}

interface Remembering {
  readonly expert: LoadedExpert;
  readonly forget: () => void;
}

function remember(expert: LoadedExpert): Remembering {
  const rows = new Map<string, Rows>();
  const scores = new Map<string, Float64Array>();
  return {
    expert: {
      ...expert,
      async logits(context, options) {
        const key = keyOf(context, options.rows);
        const known = rows.get(key);
        if (known !== undefined) return known;
        const answer = await expert.logits(context, options);
        if (answer === 'cancelled') return answer;
        const kept = copyRows(answer);
        rows.set(key, kept);
        return kept;
      },
      async score(context, from, signal) {
        const key = keyOf(context, from);
        const known = scores.get(key);
        if (known !== undefined) return known;
        const answer = await expert.score(context, from, signal);
        if (answer !== 'cancelled') scores.set(key, answer);
        return answer;
      },
    },
    forget: () => {
      rows.clear();
      scores.clear();
    },
  };
}

function keyOf(context: Int32Array, detail: number): string {
  const { buffer, byteOffset, byteLength } = context;
  return `${detail}:${Buffer.from(buffer, byteOffset, byteLength).toString('latin1')}`;
}
