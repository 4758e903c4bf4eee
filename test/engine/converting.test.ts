/** A model that comes as tensors, in the mix of an engine: its conversion is seen, can be ended, and holds up nobody else. */

import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { builtModel, modelToBuild } from '../../src/graph/build-model.ts';
import { takeClaim } from '../../src/models/claim.ts';
import type { ExpertSetting, ExpertState, ExpertStatus, MixSetting } from '../../src/protocol/engine.ts';
import { layoutOf } from '../../src/runtime/layout.ts';
import { programs, setting, temporaryFolder } from '../programs.ts';
import { pocketGguf } from '../runtime/pocket-gguf.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await pocketGguf(1);
});

function mixOf(...experts: ExpertSetting[]): MixSetting {
  return { experts, pool: { kind: 'linear' }, weighting: 'fixed' };
}

function converting() {
  const file = join(temporaryFolder(), 'model.gguf');
  writeFileSync(file, bytes);
  const cacheFolder = temporaryFolder();
  const seen: ExpertState[] = [];
  let last: readonly ExpertStatus[] = [];
  let onStatus: (status: ExpertStatus) => void = () => {};
  const engine = createEngine({
    programs,
    cacheFolder,
    onStatus: (statuses) => {
      last = statuses;
      for (const status of statuses) {
        if (status.id === 'gguf') seen.push(status.state);
        onStatus(status);
      }
    },
  });
  onTestFinished(() => engine.dispose());
  /** Resolves at the expert's next state of this kind or stage. */
  const until = (wanted: string, expert = 'gguf'): Promise<void> =>
    new Promise((resolve) => {
      onStatus = ({ id, state }) => {
        if (id !== expert) return;
        if (state.kind === wanted || (state.kind === 'loading' && state.stage === wanted)) resolve();
      };
    });
  const gguf = (active: boolean): ExpertSetting => setting('gguf', { folder: file, active });
  return { engine, seen, statuses: () => last, file, cacheFolder, until, gguf };
}

const stages = (states: readonly ExpertState[]): string[] =>
  states
    .map((state) => (state.kind === 'loading' ? (state.stage ?? 'loading') : state.kind))
    .filter((stage, i, all) => stage !== all[i - 1]);

describe('an expert that is converted', () => {
  it('tells its conversion apart from its loading, and is ready', async () => {
    const { engine, seen, gguf } = converting();
    engine.configure(mixOf(gguf(true)));
    await engine.load();
    expect(stages(seen)).toEqual(['off', 'loading', 'converting', 'loading', 'ready']);
  });

  it('that is switched off meanwhile is off at once, and converted when it is on again', async () => {
    const { engine, seen, until, gguf } = converting();
    engine.configure(mixOf(gguf(true)));
    const first = until('converting');
    const loaded = engine.load();
    await first;
    engine.configure(mixOf(gguf(false)));
    await loaded;
    expect(seen.at(-1)).toEqual({ kind: 'off' });
    expect(stages(seen)).not.toContain('ready');
    const again = until('converting');
    engine.configure(mixOf(gguf(true)));
    // Off and on in one breath, too: what the end of the first conversion leaves is tried again.
    await again;
    engine.configure(mixOf(gguf(false)));
    engine.configure(mixOf(gguf(true)));
    const [status] = await engine.load();
    expect(status?.state.kind).toBe('ready');
  });

  it('holds up nobody: another one is ready while it waits for its turn to be converted', async () => {
    const { engine, statuses, file, cacheFolder, until, gguf } = converting();
    const layout = await layoutOf({ folder: file, precision: 'q4', cacheFolder });
    const { place } = await builtModel(modelToBuild({ ...layout, format: 'gguf', cacheFolder }));
    const claim = await takeClaim(dirname(place), basename(place));
    engine.configure(mixOf(gguf(true), setting('code')));
    const codeReady = until('ready', 'code');
    const loaded = engine.load();
    await codeReady;
    expect(statuses().find(({ id }) => id === 'gguf')?.state.kind).toBe('loading');
    await claim.release();
    expect((await loaded).map(({ state }) => state.kind)).toEqual(['ready', 'ready']);
  });
});
