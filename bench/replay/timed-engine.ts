/**
 * The real engine on virtual time: what it answers is its own, how long that takes is counted from the work. A request runs at once,
 * as far as it can come before the next key; one that is given up is charged what it had done by then.
 */

import type { AskedEngine } from '../../src/extension/completion-answer.ts';
import type { Delta, Generated, GenerateOutcome, GenerateRequest } from '../../src/protocol/engine.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the engine is asked for here. */
export interface AnsweringEngine {
  generate(request: GenerateRequest, options: { onDelta(delta: Delta): void }): Promise<GenerateOutcome>;
}

/**
 * About two models of the size of SmolLM2-135M on two cores (docs/performance.md): the pocket experts stand in for models that
 * people would use, and at their own speed neither waiting nor waste could be seen.
 */
export const COSTS = { promptTokenMs: 1.5, tokenMs: 12, furtherExpertMs: 4 } as const;

/** A request, and what became of what was decoded for it. */
export interface EngineRun {
  /** The text before the cursor when it was asked. */
  readonly before: string;
  text: string;
  /** Evaluated anew, of the expert that had most of them. */
  promptTokens: number;
  decoded: number;
  /** `unseen` came to its end, and nothing of it was shown. */
  fate: 'running' | 'cancelled' | 'unseen' | 'seen' | 'accepted';
}

export interface TimedEngine extends Pick<AskedEngine, 'generate'> {
  readonly runs: readonly EngineRun[];
}

export interface TypedPlace {
  /** The text before the cursor now. */
  before(): string;
  /** When the next key comes, with which nearly every request is given up; `Infinity` where none does. */
  nextKey(): number;
}

export function createTimedEngine(
  engine: AnsweringEngine,
  time: VirtualTime,
  { before, nextKey }: TypedPlace,
): TimedEngine {
  const runs: EngineRun[] = [];
  const never = new AbortController().signal;
  return {
    runs,
    generate: (request, { signal = never, onUpdate = () => {} }) =>
      new Promise((resolve) => {
        const start = time.now();
        const run: EngineRun = { before: before(), text: '', promptTokens: 0, decoded: 0, fate: 'running' };
        runs.push(run);
        // One more than there is time for, so that an answer that was cut is never in time.
        const most = Math.ceil((nextKey() - start) / COSTS.tokenMs) + 1;
        let work = nothing;
        signal.addEventListener('abort', () => giveUp(run, work, time.now() - start), { once: true });
        const answering = async (maxTokens: number): Promise<void> => {
          const deltas: Delta[] = [];
          const onDelta = (delta: Delta): unknown => deltas.push(delta);
          const outcome = await engine.generate({ ...request, maxTokens }, { onDelta });
          if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
          const { result } = outcome;
          const begun = work.tokens;
          // Asked again, the prompt is known; what it cost was told the first time.
          work = workOf(result, work === nothing ? undefined : work.promptTokens);
          for (const delta of deltas)
            if (delta.tokens > begun)
              time.at(start + work.tokenAt(delta.tokens), () => signal.aborted || onUpdate(delta));
          time.at(start + work.tokenAt(result.ids.length), () => {
            if (signal.aborted) return;
            // Few keys leave a request alone: what is asked ahead outlives those that are answered without it.
            if (result.stop === 'length' && maxTokens < request.maxTokens)
              return time.standStill(answering(request.maxTokens));
            const { promptTokens } = work;
            Object.assign(run, { text: result.text, promptTokens, decoded: result.ids.length });
            run.fate = 'unseen';
            resolve(outcome);
          });
        };
        time.standStill(answering(Math.min(most, request.maxTokens)));
      }),
  };
}

interface Work {
  readonly promptTokens: number;
  readonly tokens: number;
  readonly stepMs: number;
  /** Milliseconds from the beginning until so many tokens are decoded. */
  tokenAt(tokens: number): number;
}

const nothing: Work = { promptTokens: 0, tokens: 0, stepMs: 1, tokenAt: () => 0 };

function workOf({ promptTokens: all, reusedTokens, ids }: Generated, told?: number): Work {
  const anew = Object.entries(all).map(([id, tokens]) => tokens - (reusedTokens[id] ?? 0));
  const promptTokens = told ?? Math.max(0, ...anew);
  const stepMs = COSTS.tokenMs + COSTS.furtherExpertMs * (anew.length - 1);
  const prompt = promptTokens * COSTS.promptTokenMs;
  return { promptTokens, tokens: ids.length, stepMs, tokenAt: (tokens) => prompt + tokens * stepMs };
}

function giveUp(run: EngineRun, { promptTokens, tokens, stepMs, tokenAt }: Work, ms: number): void {
  if (run.fate !== 'running') return;
  run.fate = 'cancelled';
  run.promptTokens = Math.min(promptTokens, Math.floor(ms / COSTS.promptTokenMs));
  // A token that was begun is finished.
  run.decoded = Math.max(0, Math.min(tokens, Math.ceil((ms - tokenAt(0)) / stepMs)));
}
