/**
 * Experts that are one base, or adapters of it, in one worker with one session: the base's weights are there once, and each
 * expert is a row of the batch (docs/decisions/009). Whoever joins or leaves changes the rows, so that the session is opened
 * anew before the next answer; what the others say does not depend on it. An expert without others is a group of one.
 */

import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import type { DeviceSetting } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { ChosenDevice } from './choose-device.ts';
import { createDeviceLock } from './device-lock.ts';
import type { Devices } from './model-device.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { reasonOf } from './self-check.ts';
import { startWorker, type WorkerHandle } from './worker-handle.ts';
import type { FromWorker, GraphOrder, RunOrder, SharedBuffers } from './worker-messages.ts';

/** What all members of a group share of the order to load it. */
export interface GroupModel extends Omit<GraphOrder, 'adapters' | 'threads' | 'vocabularySize'> {
  readonly wanted: DeviceSetting;
  readonly graphBytes: number;
}

export interface Groups {
  /** Says that somebody is about to take a seat, whom those who open theirs wait for; to be called when that is done. */
  arriving(): () => void;
  /**
   * A seat for `adapter` (its folder; null for the base alone) in a group of this model that has none for it yet. Seats that are
   * taken before the first of them is opened are loaded together.
   */
  seat(model: GroupModel, adapter: string | null): Seat;
}

export interface Opening {
  readonly shared: SharedBuffers;
  /** The same for all members, as they have the base's tokenizer. */
  readonly vocabularySize: number;
  /** This member's share of the cores, >= 1; the group has those of all. */
  readonly threads: number;
  readonly onGone: (why: ChorusError) => void;
  /** Called with values in [0, 1]. */
  readonly onProgress: (progress: number) => void;
}

export interface Seat {
  /** Resolves when the group is loaded with this member; rejects, the seat given up, where it cannot be. */
  open(opening: Opening): Promise<void>;
  /**
   * Runs the order when those before are done; `prepare` writes the question to the shared buffers just before. The answer in them
   * is valid until the next run of this seat.
   */
  run(order: Omit<RunOrder, 'kind' | 'expert'>, prepare: () => void): Promise<Ran>;
  /** Forgets every context of all members. */
  forget(): Promise<void>;
  /** Gives the seat up; the last one ends the worker. */
  leave(): Promise<void>;
  /** How many share the base now, at least 1. */
  members(): number;
  /** Why the export is run as it is; undefined where it was rewritten. */
  asExported(): string | undefined;
  /** What it runs on, and why where another was asked for or tried. */
  device(): ChosenDevice;
}

export type Ran = Extract<FromWorker, { readonly kind: 'ran' }>;

interface Member {
  readonly adapter: string | null;
  opening: Opening | undefined;
  /** Why it cannot be loaded. */
  failure: unknown;
  /** Resolves when it is opened or given up. */
  readonly prepared: Promise<void>;
  readonly prepare: () => void;
}

interface Group {
  readonly key: string;
  readonly members: readonly Member[];
  add(adapter: string | null): Seat;
}

/** Of this process. */
const lock = createDeviceLock();

/**
 * @param workerFile the bundled worker, dist/worker.js
 * @param devices who chooses among devices; without, all run on the CPU
 */
export function createGroups(workerFile: string, devices?: Devices): Groups {
  const groups = new Set<Group>();
  const arrivals = new Set<Promise<void>>();
  const arrived = async (): Promise<void> => {
    await Promise.all(arrivals);
  };
  return {
    arriving() {
      const { promise, resolve } = createPromise();
      arrivals.add(promise);
      return () => {
        arrivals.delete(promise);
        resolve();
      };
    },
    seat(model, adapter) {
      const { graph, precision, keepExport, wanted } = model;
      const key = JSON.stringify([graph, precision, keepExport, wanted]);
      let group = [...groups].find(
        (other) => other.key === key && !other.members.some((member) => member.adapter === adapter),
      );
      if (group === undefined) {
        const made: Group = createGroup({
          workerFile,
          devices,
          key,
          model,
          arrived,
          onEmpty: () => groups.delete(made),
        });
        groups.add(made);
        group = made;
      }
      return group.add(adapter);
    },
  };
}

interface GroupOptions {
  readonly workerFile: string;
  readonly devices: Devices | undefined;
  readonly key: string;
  readonly model: GroupModel;
  /** Resolves when those who are about to take a seat have it. */
  readonly arrived: () => Promise<void>;
  /** Nobody is left; nobody may be added any more. */
  readonly onEmpty: () => void;
}

function createGroup({ workerFile, devices, key, model, arrived, onEmpty }: GroupOptions): Group {
  const { wanted, graphBytes, ...graph } = model;
  let members: Member[] = [];
  /** The rows of the session, in order. */
  let loaded: readonly Member[] = [];
  let asExported: string | undefined;
  let used: ChosenDevice & { readonly order?: GraphOrder } = { device: 'cpu', reason: undefined };
  const worker: WorkerHandle = startWorker(workerFile, {
    onGone: (why) => {
      onEmpty();
      for (const member of members) member.opening?.onGone(why);
    },
    onProgress: (progress) => {
      for (const member of members) if (!loaded.includes(member)) member.opening?.onProgress(progress);
    },
  });

  /** One thing at a time: there is one thread. */
  const inTurn = oneAtATime();

  const remove = (member: Member): void => {
    members = members.filter((other) => other !== member);
    member.prepare();
    if (members.length === 0) onEmpty();
  };

  /** Opens the session anew where its rows are not those of the members. */
  const load = async (): Promise<void> => {
    for (;;) {
      const opened = members.filter(({ opening }) => opening !== undefined);
      const openings = opened.flatMap(({ opening }) => opening ?? []);
      const [first] = openings;
      if (first === undefined || sameItems(opened, loaded)) return;
      const before = loaded;
      loaded = [];
      try {
        const order: GraphOrder = {
          ...graph,
          vocabularySize: first.vocabularySize,
          threads: Math.min(
            availableParallelism(),
            openings.reduce((sum, { threads }) => sum + threads, 0),
          ),
          adapters: opened.map(({ adapter }) => adapter),
        };
        const chosen = await chooseDevice(order);
        const placed = { device: chosen.device, longestRun: chosen.longestRun };
        const shared = openings.map((opening) => opening.shared);
        const answer = await worker.ask({ kind: 'load', ...order, ...placed, lock, shared });
        if (answer.kind !== 'loaded') throw new Error(`unexpected answer '${answer.kind}' to 'load'`);
        loaded = opened;
        asExported = answer.asExported;
        used = { device: answer.device, reason: answer.deviceReason ?? chosen.reason, order };
      } catch (thrown) {
        const guilty = guiltyOf(thrown, opened, before);
        guilty.failure = thrown;
        remove(guilty);
        if (thrown instanceof ChorusError) guilty.opening?.onGone(thrown);
      }
    }
  };

  const chooseDevice = async (order: GraphOrder): Promise<ChosenDevice> => {
    const adapted = order.adapters.some((adapter) => adapter !== null);
    if (devices === undefined || wanted === 'cpu') return { device: 'cpu', reason: undefined };
    if (adapted) return { device: 'cpu', reason: 'adapters run on the CPU' };
    return devices.choose(wanted, { order, graphBytes });
  };

  const ask = (member: Member, order: Parameters<Seat['run']>[0]): Promise<FromWorker> =>
    worker.ask({ kind: 'run', expert: loaded.indexOf(member), ...order });

  /** A device that fails after its check is not used any more; the same is asked of the CPU. */
  const withoutDevice = async (thrown: unknown): Promise<void> => {
    const { device, order } = used;
    if (device === 'cpu' || order === undefined || devices === undefined) throw thrown;
    await devices.refuse(device, { order, graphBytes }, `failed while it ran: ${reasonOf(thrown)}`);
    loaded = [];
    await load();
    if (used.device === device) throw thrown;
  };

  const closeIfEmpty = async (): Promise<void> => {
    if (members.length === 0) await worker.close();
  };

  const add = (adapter: string | null): Seat => {
    const { promise: prepared, resolve: prepare } = createPromise();
    const member: Member = {
      adapter,
      opening: undefined,
      failure: undefined,
      prepared,
      prepare,
    };
    members = [...members, member];
    return {
      async open(opening) {
        member.opening = opening;
        member.prepare();
        await arrived();
        await Promise.all(members.map((other) => other.prepared));
        await inTurn(load);
        if (member.failure !== undefined) throw member.failure;
      },
      run: (order, prepareRun) =>
        inTurn(async () => {
          await load();
          if (member.failure !== undefined) throw member.failure;
          prepareRun();
          const answer = await ask(member, order).catch(async (thrown: unknown) => {
            await withoutDevice(thrown);
            return ask(member, order);
          });
          if (answer.kind === 'ran') return answer;
          throw new Error(`unexpected answer '${answer.kind}' from the worker of ${model.graph}`);
        }),
      forget: () =>
        inTurn(async () => {
          await worker.ask({ kind: 'forget' });
        }),
      leave: () => {
        remove(member);
        return inTurn(closeIfEmpty);
      },
      members: () => Math.max(1, members.length),
      asExported: () => asExported,
      device: () => used,
    };
  };

  return {
    key,
    get members() {
      return members;
    },
    add,
  };
}

/** The member that a load failed for: whose adapter the failure is about, else the newest. */
function guiltyOf(thrown: unknown, opened: readonly Member[], before: readonly Member[]): Member {
  const file = thrown instanceof ChorusError ? thrown.failure.file : undefined;
  const named = opened.find(
    ({ adapter }) => adapter !== null && file !== undefined && dirname(file) === adapter,
  );
  const guilty = named ?? opened.findLast((member) => !before.includes(member)) ?? opened.at(-1);
  if (guilty === undefined) throw thrown;
  return guilty;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function createPromise(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
