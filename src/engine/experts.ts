/** The experts the engine owns: which should be there, which are, and why one is not. */

import { availableParallelism } from 'node:os';
import { weightOn } from '../models/surface-weight.ts';
import type {
  ExpertSetting,
  ExpertState,
  ExpertStatus,
  LoadStage,
  MixSetting,
  Surface,
} from '../protocol/engine.ts';
import { type ChorusError, toFailure } from '../protocol/failure.ts';
import { type LoadedExpert, type OpenExpertOptions, openExpert } from '../runtime/expert.ts';
import { createGroups } from '../runtime/group.ts';
import { layoutOf } from '../runtime/layout.ts';
import type { Devices } from '../runtime/model-device.ts';
import {
  type ExpertMemory,
  fits,
  type MemoryState,
  type ModelPlace,
  memoryOf,
  refusal,
} from './memory-check.ts';

export interface ExpertsOptions {
  readonly workerFile: string;
  readonly cacheFolder: string;
  readonly devices: Devices;
  readonly onStatus: (statuses: readonly ExpertStatus[]) => void;
  readonly log: (text: string) => void;
  /** Bytes that are free on the machine. */
  readonly available: () => number;
  readonly open?: typeof openExpert | undefined;
}

export interface Experts {
  /** Takes the new settings in force; what is no longer active is unloaded. */
  configure(mix: MixSetting): void;
  /** Loads every active expert that is not there yet and waits until none is loading. */
  load(): Promise<void>;
  /** Unloads all until the next `load`; false, and nothing happens, while one is loading. */
  rest(): boolean;
  /** Resolves when what was switched off or taken out of the mix until now is unloaded. */
  left(): Promise<void>;
  mix(): MixSetting;
  /**
   * Experts that take part (active, with a weight above 0) and are ready, in the order of the settings; with the weights of the
   * surface where one is given.
   */
  ready(surface?: Surface): readonly ReadyExpert[];
  /** The expert of this id where it is loaded, whatever its weight. */
  loaded(id: string): LoadedExpert | undefined;
  statuses(): readonly ExpertStatus[];
  /** What the expert of this id needs, estimated; rejects with a `ChorusError` where its files are none. */
  memory(id: string): Promise<ExpertMemory>;
  /**
   * The expert of this id for a while, whether it takes part or not: the loaded one, or one loaded only for this and for who borrows it
   * meanwhile. It has the cores that it would have among `together` experts that run at once, 1 unless given.
   */
  borrow(id: string, together?: number): Loan;
  dispose(): Promise<void>;
}

export interface Loan {
  /** Rejects where it cannot be loaded. */
  readonly expert: Promise<LoadedExpert>;
  /** Unloads what was loaded only for this, now or as soon as it is there. */
  giveBack(): void;
}

export interface ReadyExpert {
  readonly id: string;
  readonly weight: number;
  readonly role: 'voice' | 'veto';
  readonly expert: LoadedExpert;
}

/** An expert that is loaded for who borrows it. */
interface Lent {
  readonly expert: Promise<LoadedExpert>;
  users: number;
  memory: ExpertMemory | undefined;
  isLoading: boolean;
  end(): void;
}

interface Slot {
  setting: ExpertSetting;
  state: ExpertState;
  expert: LoadedExpert | undefined;
  loading: Promise<void> | undefined;
  /** Ends a conversion that nobody waits for any more. */
  converting: AbortController | undefined;
  /** Estimated, from before it loads until it is gone; undefined while it is not there. */
  memory: ExpertMemory | undefined;
}

export function createExperts({
  workerFile,
  cacheFolder,
  devices,
  onStatus,
  log,
  available,
  open = openExpert,
}: ExpertsOptions): Experts {
  let mix: MixSetting = { experts: [], pool: { kind: 'linear' }, weighting: 'fixed' };
  /** By id, in the order of the settings. */
  let slots = new Map<string, Slot>();
  let awake = false;
  /** Experts of one base are rows of one batch. */
  const groups = createGroups(workerFile, devices);
  const leaving = new Set<Promise<void>>();
  const loans = new Map<Slot, Lent>();
  const changes = createSignal();

  const report = (): void => onStatus(statuses());
  const statuses = (): ExpertStatus[] =>
    [...slots.values()].map((slot) => ({ id: slot.setting.id, state: stateOf(slot) }));

  const slotOf = (id: string): Slot => {
    const slot = slots.get(id);
    if (slot === undefined) throw new Error(`there is no expert '${id}'`);
    return slot;
  };

  const placeOf = ({ setting: { folder, base, precision, contextLimit } }: Slot): ModelPlace => ({
    folder,
    base,
    contextLimit,
    folders: [...slots.values()].map((other) => other.setting.folder),
    precision,
    cacheFolder,
  });

  const discard = (slot: Slot): void => {
    const { expert } = slot;
    slot.converting?.abort();
    slot.expert = undefined;
    slot.memory = undefined;
    slot.state = { kind: 'off' };
    if (expert === undefined) return;
    const gone = expert.dispose().finally(() => leaving.delete(gone));
    leaving.add(gone);
  };

  const memoryState = (except: Slot, isLent: boolean): MemoryState => ({
    available: available(),
    // What is lent for a while is no part of the mix.
    limit: isLent ? undefined : mix.resources?.memoryLimit,
    others: [
      ...[...slots.values()].flatMap((slot) => {
        const { memory, loading, setting } = slot;
        if (memory === undefined || slot === except) return [];
        return [{ id: setting.id, memory, loading: loading !== undefined }];
      }),
      ...[...loans].flatMap(([slot, { memory, isLoading }]) => {
        if (memory === undefined || slot === except) return [];
        return [{ id: slot.setting.id, memory, loading: isLoading }];
      }),
    ],
  });

  /** Where it is and what lies there; rejects where there is no room for it. */
  const admit = async (
    slot: Slot,
    isLent: boolean,
  ): Promise<ModelPlace & Pick<OpenExpertOptions, 'layout'>> => {
    const place = placeOf(slot);
    const layout = await layoutOf(place);
    const memory = { ...(await memoryOf(place, layout)), ...(isLent && { base: 'its own' }) };
    // What is being unloaded may be what is missing.
    if (!fits(memory, memoryState(slot, isLent))) await Promise.all(leaving);
    const state = memoryState(slot, isLent);
    if (!fits(memory, state)) throw await refusal(slot.setting.id, place, state);
    const lent = loans.get(slot);
    if (!isLent) slot.memory = memory;
    else if (lent !== undefined) lent.memory = memory;
    return { ...place, layout };
  };

  /** Those who share its base wait until it is decided whether it comes. */
  const openAdmitted = async (
    slot: Slot,
    options: Omit<OpenExpertOptions, keyof ModelPlace | 'layout'>,
  ): Promise<LoadedExpert> => {
    const decided = groups.arriving();
    try {
      return open({ ...(await admit(slot, false)), ...options });
    } finally {
      decided();
    }
  };

  const start = (slot: Slot): void => {
    const { id } = slot.setting;
    // Experts run at once, each on cores of its own: all cores for each is up to a third slower (docs/performance.md).
    const threads = Math.max(1, Math.floor(availableParallelism() / Math.max(1, activeCount(mix))));
    slot.state = { kind: 'loading', progress: 0 };
    report();
    const began = performance.now();
    const onProgress = (progress: number, stage: LoadStage): void => {
      if (slot.state.kind !== 'loading') return;
      slot.state = { kind: 'loading', progress, stage };
      report();
    };
    const converting = new AbortController();
    slot.converting = converting;
    const { signal } = converting;
    let mine: LoadedExpert | undefined;
    const onGone = (why: ChorusError): void => {
      // The slot may hold another load's expert by now.
      if (mine === undefined || slot.expert !== mine) return;
      slot.expert = undefined;
      slot.memory = undefined;
      slot.state = { kind: 'failed', failure: why.failure };
      log(`'${id}' failed: ${why.message}`);
      report();
    };
    const { device } = slot.setting;
    slot.loading = openAdmitted(slot, {
      name: id,
      threads,
      workerFile,
      groups,
      device,
      onProgress,
      onGone,
      signal,
    })
      .then((expert) => {
        mine = expert;
        slot.expert = expert;
        // Switched off, or replaced, while it was loading.
        if (slots.get(id) !== slot || !slot.setting.active) discard(slot);
        else {
          slot.state = readyState(expert);
          log(
            `'${id}' is ready: ${expert.precision}, ${describeDevice(expert)}, ${threads} threads, ${Math.round(performance.now() - began)} ms`,
          );
          if (expert.asExported !== undefined) {
            log(`'${id}' runs as it was exported, slower with every token of context: ${expert.asExported}`);
          }
        }
      })
      .catch((thrown: unknown) => {
        const failure = toFailure(thrown);
        slot.memory = undefined;
        // One that was switched off meanwhile forgets it: on again is another try.
        const isFailed = slot.setting.active && failure.code !== 'cancelled';
        slot.state = isFailed ? { kind: 'failed', failure } : { kind: 'off' };
        log(failure.code === 'cancelled' ? failure.message : `'${id}' failed to load: ${failure.message}`);
      })
      .finally(() => {
        slot.loading = undefined;
        slot.converting = undefined;
        // Switched on again after its conversion was ended.
        if (awake) startMissing();
        report();
      });
  };

  const startMissing = (): void => {
    for (const slot of slots.values()) {
      if (
        slot.setting.active &&
        slot.expert === undefined &&
        slot.loading === undefined &&
        slot.state.kind !== 'failed'
      ) {
        start(slot);
      }
    }
  };

  /** Apart from those that share a base: these go on undisturbed. One load serves all who want the expert meanwhile. */
  const lend = (slot: Slot, together: number): Lent => {
    const { id, device } = slot.setting;
    const threads = Math.max(1, Math.floor(availableParallelism() / together));
    const converting = new AbortController();
    const { signal } = converting;
    const expert = admit(slot, true).then((place) =>
      open({ ...place, name: id, threads, workerFile, device, devices, signal }),
    );
    const forget = (): void => {
      if (loans.get(slot) === lent) loans.delete(slot);
    };
    const lent: Lent = {
      expert,
      users: 0,
      memory: undefined,
      isLoading: true,
      end() {
        forget();
        converting.abort();
        const gone: Promise<void> = expert
          .then((loaded) => loaded.dispose())
          .catch(() => {})
          .finally(() => leaving.delete(gone));
        leaving.add(gone);
      },
    };
    // The next who wants it tries anew; who waits for it hears of it by themselves.
    expert.then(() => {
      lent.isLoading = false;
    }, forget);
    loans.set(slot, lent);
    return lent;
  };

  return {
    configure(next) {
      mix = next;
      const before = slots;
      slots = new Map();
      for (const setting of next.experts) {
        const old = before.get(setting.id);
        before.delete(setting.id);
        slots.set(setting.id, old === undefined ? newSlot(setting) : changed(old, setting));
      }
      for (const slot of before.values()) discard(slot);
      if (awake) startMissing();
      changes.happened();
      report();
    },
    async load() {
      awake = true;
      startMissing();
      // The mix may change while something loads: only what is active now is waited for.
      for (;;) {
        const loading = [...slots.values()].filter(
          (slot) => slot.setting.active && slot.loading !== undefined,
        );
        if (loading.length === 0) return;
        await Promise.race([changes.next(), ...loading.map((slot) => slot.loading)]);
      }
    },
    rest() {
      const all = [...slots.values()];
      if (all.some(({ loading }) => loading !== undefined)) return false;
      awake = false;
      for (const slot of all.filter(({ expert }) => expert !== undefined)) {
        discard(slot);
        slot.state = { kind: 'unloaded' };
        log(`'${slot.setting.id}' is unloaded: it was not used for a while`);
      }
      report();
      return true;
    },
    async left() {
      await Promise.all(leaving);
    },
    mix: () => mix,
    ready: (surface) =>
      [...slots.values()].flatMap(({ setting, expert }) => {
        const weight = weightOn(mix, surface, setting);
        return expert !== undefined && setting.active && weight > 0
          ? [{ id: setting.id, weight, role: setting.role ?? 'voice', expert }]
          : [];
      }),
    loaded: (id) => slots.get(id)?.expert,
    statuses,
    memory: async (id) => memoryOf(placeOf(slotOf(id))),
    borrow(id, together = 1) {
      const slot = slotOf(id);
      if (slot.expert !== undefined) return { expert: Promise.resolve(slot.expert), giveBack: () => {} };
      const lent = loans.get(slot) ?? lend(slot, together);
      lent.users++;
      let isMine = true;
      const giveBack = (): void => {
        if (!isMine) return;
        isMine = false;
        lent.users--;
        if (lent.users === 0) lent.end();
      };
      return { expert: lent.expert, giveBack };
    },
    async dispose() {
      awake = false;
      for (const slot of slots.values()) slot.converting?.abort();
      await Promise.all([...slots.values()].map((slot) => slot.loading));
      for (const slot of slots.values()) discard(slot);
      await Promise.all(leaving);
    },
  };

  /** The slot under its new setting: the same model stays loaded, another one is loaded anew. */
  function changed(slot: Slot, setting: ExpertSetting): Slot {
    const same = (['folder', 'base', 'precision', 'contextLimit', 'device'] as const).every(
      (key) => slot.setting[key] === setting[key],
    );
    // One that is loading goes on: if it is switched on again meanwhile, it is there sooner. A conversion is too long for that.
    if (same && slot.loading !== undefined) {
      if (!setting.active) slot.converting?.abort();
      return withSetting(slot, setting);
    }
    if (!same) {
      discard(slot);
      return newSlot(setting);
    }
    // Switched off, a failed expert forgets its failure: off and on again is another try.
    if (!setting.active) discard(slot);
    // There may be room now.
    if (slot.state.kind === 'failed' && slot.state.failure.code === 'out-of-memory') discard(slot);
    return withSetting(slot, setting);
  }
}

/** Lets several wait for the next time that something happens. */
function createSignal(): { next(): Promise<void>; happened(): void } {
  let waiting: (() => void)[] = [];
  return {
    next: () => new Promise((resolve) => waiting.push(resolve)),
    happened() {
      const now = waiting;
      waiting = [];
      for (const resolve of now) resolve();
    },
  };
}

function newSlot(setting: ExpertSetting): Slot {
  return {
    setting,
    state: { kind: 'off' },
    expert: undefined,
    loading: undefined,
    converting: undefined,
    memory: undefined,
  };
}

function withSetting(slot: Slot, setting: ExpertSetting): Slot {
  slot.setting = setting;
  return slot;
}

function activeCount(mix: MixSetting): number {
  return mix.experts.filter(({ active }) => active).length;
}

function readyState({
  precision,
  memoryBytes,
  device,
  deviceReason,
  contextLength,
}: LoadedExpert): ExpertState {
  const reason = deviceReason === undefined ? {} : { deviceReason };
  return { kind: 'ready', device, ...reason, memoryBytes, precision, contextLength };
}

function describeDevice({ device, deviceReason }: LoadedExpert): string {
  return deviceReason === undefined ? device : `${device} (${deviceReason})`;
}

function stateOf({ expert, setting, state }: Slot): ExpertState {
  if (!setting.active) return { kind: 'off' };
  return expert === undefined ? state : readyState(expert);
}
