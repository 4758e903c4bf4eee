/** The engine: experts, their turns and their templates behind the calls that the extension and the CLI make. */

import { join } from 'node:path';
import { availableMemory } from '../models/available-memory.ts';
import { userCacheFolder } from '../models/cache-folder.ts';
import type { AdviseOutcome, AdviseProgress, AdviseRequest } from '../protocol/advice.ts';
import type {
  CountOutcome,
  CountRequest,
  Delta,
  ExpertStatus,
  ExplainRequest,
  GenerateOutcome,
  GenerateRequest,
  MixSetting,
  Prompt,
  ShowPromptOutcome,
} from '../protocol/engine.ts';
import type { ExplainOutcome } from '../protocol/explain.ts';
import { ChorusError, type Failure, toFailure } from '../protocol/failure.ts';
import type {
  BundleOutcome,
  BundleRequest,
  DescribeOutcome,
  DiscardOutcome,
  DiscardRequest,
  ObtainOutcome,
  ObtainProgress,
  ObtainRequest,
  PlaceRequest,
} from '../protocol/obtain.ts';
import type { openExpert } from '../runtime/expert.ts';
import { createDevices } from '../runtime/model-device.ts';
import { advise } from './advise.ts';
import { bestOf } from './best-of.ts';
import { bundle } from './bundle.ts';
import { countTokens } from './count.ts';
import { describe } from './describe.ts';
import { discard } from './discard.ts';
import { createExperts } from './experts.ts';
import { explain } from './explain.ts';
import { type Alarm, timerAlarm, watchIdle } from './idle.ts';
import { obtain } from './obtain.ts';
import { promptFor } from './prompts.ts';
import { type Score, score } from './score.ts';
import { showPrompt } from './show-prompt.ts';
import { createSyntax } from './syntax.ts';
import { createTemplateRenderer } from './template.ts';
import { createTurns } from './turns.ts';

export interface EngineOptions {
  /** The folder of the bundled workers, dist/. */
  readonly programs: string;
  /** The folder of the embedded models and the catalogue; by default beside `programs`. */
  readonly models?: string | undefined;
  /** Where graphs built from tensors and fetched models are kept; by default the user's cache folder. */
  readonly cacheFolder?: string | undefined;
  readonly onStatus?: (statuses: readonly ExpertStatus[]) => void;
  readonly log?: (text: string) => void;
  /** Wakes the engine to unload what is not used. */
  readonly alarm?: Alarm;
  /** Bytes that are free on the machine. */
  readonly available?: () => number;
  /** Opens a model; by default the runtime does. Who keeps models open for the next engine has its own. */
  readonly open?: typeof openExpert | undefined;
  /** What says where models are fetched from, unless a request does. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What an engine of this process is made of. */
export type EngineParts = Pick<EngineOptions, 'programs' | 'open'>;

export interface Engine {
  configure(mix: MixSetting): void;
  load(): Promise<readonly ExpertStatus[]>;
  /** Never rejects: what goes wrong is an outcome. */
  generate(request: GenerateRequest, options?: RequestOptions): Promise<GenerateOutcome>;
  /** Loads the experts of the mix where none is loaded. Never rejects: what goes wrong is an outcome. */
  count(request: CountRequest): Promise<CountOutcome>;
  /** Loads the experts of the mix where none is loaded. Never rejects: what goes wrong is an outcome. */
  showPrompt(prompt: Prompt & { readonly kind: 'infill' }): Promise<ShowPromptOutcome>;
  score(request: { readonly prompt: Prompt; readonly continuation: string }): Promise<Score>;
  /** Never rejects: what goes wrong is an outcome. */
  explain(request: ExplainRequest, options?: { readonly signal?: AbortSignal }): Promise<ExplainOutcome>;
  /** log p of each ready expert's own prompt after its first token, in nats, by id. */
  promptLogProbs(prompt: Prompt): Promise<Readonly<Record<string, number>>>;
  /** Never rejects: what goes wrong is an outcome. */
  advise(request: AdviseRequest, options?: AdviseCallOptions): Promise<AdviseOutcome>;
  /** Fetches a model or takes one that is there, and makes its graph. Never rejects: what goes wrong is an outcome. */
  obtain(request: ObtainRequest, options?: ObtainCallOptions): Promise<ObtainOutcome>;
  /** Writes models into one archive, or takes them out of one. Never rejects: what goes wrong is an outcome. */
  bundle(request: BundleRequest, options?: ObtainCallOptions): Promise<BundleOutcome>;
  /** What a model's files say of it. Never rejects. */
  describe(request: PlaceRequest): Promise<DescribeOutcome>;
  /** Deletes what was built of a model that is no expert any more. Never rejects. */
  discard(request: DiscardRequest): Promise<DiscardOutcome>;
  /** Forgets what the experts remember of earlier contexts. */
  forget(): Promise<void>;
  dispose(): Promise<void>;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly onDelta?: (delta: Delta) => void;
}

export interface AdviseCallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AdviseProgress) => void;
}

export interface ObtainCallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ObtainProgress) => void;
}

export function createEngine({
  programs,
  models = join(programs, '..', 'models'),
  cacheFolder = userCacheFolder(process.env),
  onStatus = () => {},
  log = () => {},
  alarm = timerAlarm,
  available = availableMemory,
  open,
  environment = process.env,
}: EngineOptions): Engine {
  const devices = createDevices({ checkProgram: join(programs, 'device-check.js'), cacheFolder, log });
  const workerFile = join(programs, 'worker.js');
  const experts = createExperts({ workerFile, cacheFolder, devices, onStatus, log, available, open });
  const templates = createTemplateRenderer(join(programs, 'template-process.js'));
  const turns = createTurns();
  const syntax = createSyntax(programs);
  const never = new AbortController().signal;
  const idle = watchIdle({ alarm, onIdle: () => experts.rest() });
  /** Nothing is unloaded while a request is under way. */
  const inUse = async <T>(task: () => Promise<T>): Promise<T> => {
    const over = idle.use();
    try {
      return await task();
    } finally {
      over();
    }
  };

  const calls: Omit<Engine, 'configure' | 'dispose'> = {
    async load() {
      await experts.load();
      return experts.statuses();
    },
    async generate(request, { signal = never, onDelta = () => {} } = {}) {
      const work = async (): Promise<GenerateOutcome> => {
        const clock = (): number => performance.now();
        const result = await bestOf(request, { syntax, experts, templates, turns, signal, onDelta, clock });
        onStatus(experts.statuses());
        return { kind: 'generated', result };
      };
      return outcomeOf(work, (why) => log(`a request failed: ${why}`));
    },
    count: (request) =>
      outcomeOf(async () => {
        let tokens = countTokens(experts, request);
        if (tokens === undefined) {
          await experts.load();
          tokens = countTokens(experts, request);
        }
        if (tokens === undefined) {
          throw new ChorusError('no-expert', 'No expert is loaded that could count the tokens.');
        }
        return { kind: 'counted', tokens };
      }),
    showPrompt: (prompt) =>
      outcomeOf(async () => {
        await experts.load();
        const ready = experts.ready('completion').filter(({ role }) => role === 'voice');
        if (ready.length === 0) throw new ChorusError('no-expert', 'No expert takes part. Choose one first.');
        return { kind: 'shown', prompts: showPrompt(ready, prompt) };
      }),
    score: (request) => score(request, { experts, templates, signal: never }),
    explain: (request, { signal = never } = {}) =>
      outcomeOf(async () => {
        const explanation = await explain(request, { experts, templates, turns, signal });
        return { kind: 'explained', explanation };
      }),
    async promptLogProbs(prompt) {
      await experts.load();
      const scored = await Promise.all(
        experts.ready().map(async ({ id, expert }) => {
          const { ids } = await promptFor(expert, prompt, templates);
          const logProbs = await expert.score(ids, 0);
          // The first token has no probability.
          const sum = logProbs === 'cancelled' ? 0 : logProbs.slice(1).reduce((a, b) => a + b, 0);
          return [id, sum] as const;
        }),
      );
      return Object.fromEntries(scored);
    },
    async advise(request, { signal = never, onProgress = () => {} } = {}) {
      const work = async (): Promise<AdviseOutcome> => ({
        kind: 'advised',
        advice: await advise(request, { experts, turns, signal, onProgress }),
      });
      return outcomeOf(work, (why) => log(`no advice: ${why}`));
    },
    async obtain(request, { signal = never, onProgress = () => {} } = {}) {
      const what = request.kind === 'fetch' ? request.model : request.folder;
      const work = (): Promise<ObtainOutcome> =>
        obtain(request, {
          models,
          cacheFolder,
          converter: join(programs, 'convert.js'),
          environment,
          onProgress: (progress) => {
            if (progress.about === 'failure') log(`a source of '${what}' failed: ${progress.text}`);
            onProgress(progress);
          },
          signal,
          clock: () => performance.now(),
        });
      return outcomeOf(work, (why) => log(`'${what}' was not obtained: ${why}`));
    },
    bundle: (request, { signal = never, onProgress = () => {} } = {}) =>
      outcomeOf(() => bundle(request, { models, cacheFolder, onProgress, signal })),
    describe: (request) =>
      outcomeOf(async () => ({ kind: 'described', facts: await describe(request, cacheFolder) })),
    discard: (request) =>
      outcomeOf(async () => {
        await experts.left();
        return discard(request, { models, cacheFolder });
      }),
    async forget() {
      await Promise.all(experts.ready().map(({ expert }) => expert.forget()));
    },
  };
  return {
    configure(mix) {
      experts.configure(mix);
      idle.setPatience(MINUTE * (mix.resources?.unloadAfterMinutes ?? 0));
    },
    load: () => inUse(calls.load),
    generate: (request, options) => inUse(() => calls.generate(request, options)),
    count: (request) => inUse(() => calls.count(request)),
    showPrompt: (prompt) => inUse(() => calls.showPrompt(prompt)),
    score: (request) => inUse(() => calls.score(request)),
    explain: (request, options) => inUse(() => calls.explain(request, options)),
    promptLogProbs: (prompt) => inUse(() => calls.promptLogProbs(prompt)),
    advise: (request, options) => inUse(() => calls.advise(request, options)),
    obtain: (request, options) => inUse(() => calls.obtain(request, options)),
    bundle: (request, options) => inUse(() => calls.bundle(request, options)),
    describe: (request) => inUse(() => calls.describe(request)),
    discard: (request) => inUse(() => calls.discard(request)),
    forget: () => inUse(calls.forget),
    async dispose() {
      idle.dispose();
      templates.dispose();
      await experts.dispose();
    },
  };
}

const MINUTE = 60_000;

/** What a call comes to: what goes wrong is an outcome too; `say` is told why, but for what was cancelled. */
async function outcomeOf<Outcome>(
  work: () => Promise<Outcome>,
  say: (why: string) => void = () => {},
): Promise<Outcome | { readonly kind: 'failed'; readonly failure: Failure }> {
  try {
    return await work();
  } catch (thrown) {
    const failure = toFailure(thrown);
    if (failure.code !== 'cancelled') say(failure.message);
    return { kind: 'failed', failure };
  }
}
