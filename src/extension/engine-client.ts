/**
 * The engine seen from the extension: started when first needed, told each change of the mix, started again after a
 * crash. It never rejects a generation, never throws at the editor, and says once why it is not there.
 */

import { t } from '@vscode/l10n';
import { untilAborted } from '../protocol/abort.ts';
import type { AdviseOutcome, AdviseProgress, AdviseRequest } from '../protocol/advice.ts';
import type {
  CountOutcome,
  CountRequest,
  Delta,
  EngineCalls,
  EngineEvents,
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
import { type CallOptions, type Connection, connect } from '../protocol/rpc.ts';
import { afterCrash, type CrashHistory, crashLimit, crashWindowMs, noCrash } from './crashes.ts';
import type { EngineEnd, EngineProcess } from './engine-process.ts';
import { createEngineWatch, type EngineWatch, type Patience, usualPatience } from './engine-watch.ts';
import { createListeners, type Subscription } from './listeners.ts';
import { pause } from './pause.ts';

export type EngineState =
  /** Nothing has needed it yet. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  /** It crashed, and starts again when it is next needed. */
  | { readonly kind: 'restarting'; readonly failure: Failure }
  /** It crashed too often, and waits for `restart()`. */
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface EngineSnapshot {
  readonly state: EngineState;
  /** Empty while no engine runs. */
  readonly experts: readonly ExpertStatus[];
}

export interface EngineLog {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

export interface EngineClientOptions {
  readonly fork: () => EngineProcess;
  readonly mix: MixSetting;
  readonly log: EngineLog;
  readonly now?: () => number;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly patience?: Patience;
}

/** How long an engine that was hung up may take to end by itself. */
const politeMs = 200;
/** How long a cancelled generation may take to hand back what it has; the caller gets 'cancelled' then. */
const cancelGraceMs = 1500;

/** The two events by name, whatever else their contract's type would let pass. */
type EngineTold = Pick<EngineEvents, 'experts' | 'log'>;

interface Run {
  readonly process: EngineProcess;
  readonly connection: Connection<EngineCalls>;
  readonly watch: EngineWatch;
}

export class EngineClient {
  readonly #options: EngineClientOptions;
  readonly #now: () => number;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #changes = createListeners<EngineSnapshot>();
  #mix: MixSetting;
  #state: EngineState = { kind: 'idle' };
  #experts: readonly ExpertStatus[] = [];
  #run: Run | undefined;
  #starting: Promise<Run> | undefined;
  #crashes: CrashHistory = noCrash;
  /** Requests under way. */
  #asked = 0;
  /** Aborted by `restart()` and `dispose()`: ends what waits to be started. */
  #life = new AbortController();
  #disposed = false;

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#pause = options.pause ?? pause;
    this.#mix = options.mix;
  }

  get snapshot(): EngineSnapshot {
    return { state: this.#state, experts: this.#experts };
  }

  onChange(listener: (snapshot: EngineSnapshot) => void): Subscription {
    return this.#changes.add(listener);
  }

  /** In force at the next token of a running engine; starts none. */
  configure(mix: MixSetting): void {
    if (JSON.stringify(mix) === JSON.stringify(this.#mix)) return;
    this.#mix = mix;
    if (this.#run !== undefined) void this.#sendMix(this.#run);
  }

  /** Starts the engine when it is not there. Never rejects; 'cancelled' comes soon after `signal` aborts. */
  generate(request: GenerateRequest, options: CallOptions<Delta> = {}): Promise<GenerateOutcome> {
    return this.#ask(({ connection }) => connection.call('generate', request, options), options.signal);
  }

  /** As `generate` is: starts the engine, never rejects. */
  explain(request: ExplainRequest, options: CallOptions<never> = {}): Promise<ExplainOutcome> {
    return this.#ask(({ connection }) => connection.call('explain', request, options), options.signal);
  }

  /** As `generate` is: starts the engine, never rejects. */
  advise(request: AdviseRequest, options: CallOptions<AdviseProgress> = {}): Promise<AdviseOutcome> {
    return this.#ask(({ connection }) => connection.call('advise', request, options), options.signal);
  }

  /** As `generate` is: starts the engine, never rejects. */
  obtain(request: ObtainRequest, options: CallOptions<ObtainProgress> = {}): Promise<ObtainOutcome> {
    return this.#ask(({ connection }) => connection.call('obtain', request, options), options.signal);
  }

  /** As `generate` is: starts the engine, never rejects. */
  bundle(request: BundleRequest, options: CallOptions<ObtainProgress> = {}): Promise<BundleOutcome> {
    return this.#ask(({ connection }) => connection.call('bundle', request, options), options.signal);
  }

  /** As `generate` is: starts the engine, never rejects. */
  describe(request: PlaceRequest): Promise<DescribeOutcome> {
    return this.#ask(({ connection }) => connection.call('describe', request), undefined);
  }

  /** As `generate` is: starts the engine, never rejects. */
  discard(request: DiscardRequest): Promise<DiscardOutcome> {
    return this.#ask(({ connection }) => connection.call('discard', request), undefined);
  }

  /** Starts the engine when it is not there. Never rejects. */
  count(request: CountRequest, options: Pick<CallOptions<never>, 'signal'> = {}): Promise<CountOutcome> {
    return this.#ask(({ connection }) => connection.call('count', request, options), options.signal);
  }

  /** Starts the engine when it is not there. Never rejects. */
  showPrompt(prompt: Prompt & { readonly kind: 'infill' }): Promise<ShowPromptOutcome> {
    return this.#ask(({ connection }) => connection.call('showPrompt', prompt), undefined);
  }

  async #ask<Outcome>(
    call: (run: Run) => Promise<Outcome>,
    signal: AbortSignal | undefined,
  ): Promise<Outcome | { readonly kind: 'failed'; readonly failure: Failure }> {
    this.#asked++;
    try {
      if (signal?.aborted) throw new ChorusError('cancelled', t('The request was cancelled.'));
      const run = await untilAborted(this.#need(), signal);
      return await untilAborted(run.watch.attend(call(run)), signal, cancelGraceMs);
    } catch (thrown) {
      return { kind: 'failed', failure: toFailure(thrown) };
    } finally {
      this.#asked--;
    }
  }

  /** Ends the engine, forgets its crashes and starts it anew. Resolves when that is done or has failed. */
  async restart(): Promise<void> {
    this.#options.log.info('The engine is restarted.');
    this.#crashes = noCrash;
    await this.#end({ code: 'engine-exited', message: t('The engine was restarted. Please ask again.') });
    await this.#need().catch(() => {});
  }

  /** Ends the engine; waits no longer than a fifth of a second for it. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#end({ code: 'engine-exited', message: t('Chorus was closed.') });
  }

  async #need(): Promise<Run> {
    if (this.#disposed) throw new ChorusError('engine-exited', t('Chorus was closed.'));
    if (this.#state.kind === 'failed') throw raise(this.#state.failure);
    if (this.#starting === undefined) {
      this.#starting = this.#start(this.#life.signal);
      // Those who need it see its failure; a start whose every request was cancelled has none.
      this.#starting.catch(() => {});
    }
    return this.#starting;
  }

  async #start(life: AbortSignal): Promise<Run> {
    await this.#waitAfterCrash(life);
    if (life.aborted)
      throw new ChorusError('engine-exited', t('The engine was restarted. Please ask again.'));
    this.#become({ kind: 'starting' });
    const process = this.#fork();
    const connection = connect<EngineCalls, EngineTold>(process.port, {
      experts: (statuses) => {
        if (this.#run === run) this.#setExperts(statuses);
      },
      log: ({ level, text }) => {
        this.#options.log[level](text);
      },
    });
    const run: Run = { process, connection, watch: this.#watch(process, connection) };
    this.#run = run;
    void process.ended.then((end) => this.#crashed(run, end));
    await this.#sendMix(run);
    if (this.#run !== run) throw raise(this.#lostFailure());
    this.#become({ kind: 'ready' });
    return run;
  }

  /** An engine that is stuck is ended, which is then seen, said and mended like a crash. */
  #watch(process: EngineProcess, connection: Connection<EngineCalls>): EngineWatch {
    const patience = this.#options.patience ?? usualPatience;
    return createEngineWatch({
      ping: () => connection.call('ping', {}),
      patience,
      onSilent: () => {
        this.#options.log.error(
          `The engine gave no sign of life for ${patience.answerMs / 1000} s and is ended.`,
        );
        process.kill();
      },
    });
  }

  async #waitAfterCrash(life: AbortSignal): Promise<void> {
    const { times, verdict } = this.#crashes;
    const last = times.at(-1);
    if (last === undefined || verdict.kind === 'give-up') return;
    const rest = last + verdict.waitMs - this.#now();
    if (rest > 0) await this.#pause(rest, life);
  }

  #fork(): EngineProcess {
    try {
      return this.#options.fork();
    } catch (thrown) {
      const failure = toFailure(thrown);
      this.#starting = undefined;
      this.#become({ kind: 'failed', failure });
      throw raise(failure);
    }
  }

  /** The engine answers when it has taken the mix; the experts load on their own. */
  async #sendMix(run: Run): Promise<void> {
    try {
      await run.watch.attend(run.connection.call('configure', this.#mix));
    } catch (thrown) {
      // What goes wrong with the mix shows in each expert's state and in the next outcome.
      if (this.#run === run) this.#options.log.warn(toFailure(thrown).message);
      return;
    }
    run.connection.call('load', {}).catch((thrown) => {
      if (this.#run === run) this.#options.log.warn(toFailure(thrown).message);
    });
  }

  #crashed(run: Run, end: EngineEnd): void {
    run.watch.end();
    if (this.#run !== run) return;
    this.#run = undefined;
    this.#starting = undefined;
    this.#experts = [];
    this.#crashes = afterCrash(this.#crashes, this.#now());
    const how = end.signal === null ? t('exit code {0}', end.exitCode ?? '?') : t('signal {0}', end.signal);
    const gaveUp = this.#crashes.verdict.kind === 'give-up';
    const message = gaveUp
      ? t(
          'The engine stopped {0} times within {1} minutes (last: {2}), so it is left off. Run "Chorus: Restart Engine" to try again; "Chorus: Show Log" says more.',
          crashLimit,
          crashWindowMs / 60_000,
          how,
        )
      : t('The engine stopped unexpectedly ({0}). It restarts with your next request.', how);
    const failure: Failure = { code: 'engine-exited', message };
    this.#options.log.error(message);
    this.#become({ kind: gaveUp ? 'failed' : 'restarting', failure });
    run.connection.close(failure);
  }

  #lostFailure(): Failure {
    const state = this.#state;
    if (state.kind === 'restarting' || state.kind === 'failed') return state.failure;
    return { code: 'engine-exited', message: t('The engine was restarted. Please ask again.') };
  }

  async #end(failure: Failure): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    this.#starting = undefined;
    this.#experts = [];
    this.#life.abort();
    this.#life = new AbortController();
    this.#become({ kind: 'idle' });
    if (run === undefined) return;
    run.connection.close(failure);
    run.process.hangUp();
    const waited = new AbortController();
    void run.process.ended.then(() => waited.abort());
    await pause(politeMs, waited.signal);
    if (!waited.signal.aborted) run.process.kill();
  }

  #setExperts(statuses: readonly ExpertStatus[]): void {
    for (const { id, state } of statuses) {
      const known = this.#experts.find((expert) => expert.id === id)?.state.kind;
      if (state.kind === 'failed' && known !== 'failed') this.#options.log.warn(state.failure.message);
    }
    this.#experts = statuses;
    this.#changes.tell(this.snapshot);
    const isThere = statuses.some(({ state }) => state.kind === 'ready' || state.kind === 'loading');
    if (!isThere && this.#asked === 0 && statuses.some(({ state }) => state.kind === 'unloaded')) {
      this.#rest(statuses);
    }
  }

  /** Of what unloaded experts took, an allocator keeps much: only an engine that ends gives all of it back. */
  #rest(statuses: readonly ExpertStatus[]): void {
    this.#options.log.info('The engine was not used for a while and ends. It starts with the next request.');
    void this.#end({ code: 'engine-exited', message: t('The engine ended while it was not used.') });
    this.#experts = statuses;
    this.#changes.tell(this.snapshot);
  }

  #become(state: EngineState): void {
    this.#state = state;
    this.#changes.tell(this.snapshot);
  }
}

function raise({ code, message, file }: Failure): ChorusError {
  return new ChorusError(code, message, file);
}
