/** The first start of the whole program, killed on its way. */

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY_BASE } from '../../src/models/tiny.ts';
import { type FakeHub, slowly, startHub } from '../fetch/fake-hub.ts';
import { programsWith, SOURCE_FILE } from '../fetch/tiny-source.ts';
import { temporaryFolder } from '../programs.ts';
import { pocketGguf } from '../runtime/pocket-gguf.ts';
import { torture } from '../sizes.ts';

let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await pocketGguf();
});

describe('a first start that is killed', torture, () => {
  it('at any of 20 moments is followed by one that ends well, and never by half a model', async () => {
    const hub = await startHub({ [SOURCE_FILE]: bytes }, (exchange) => slowly(exchange, 20, 5));
    const [program, cache] = [programsWith(bytes), temporaryFolder()];
    const complete: boolean[] = [];
    for (let moment = 0; moment < 20; moment++) {
      const { killed } = await run({ program, cache, hub, killAfter: moment });
      complete.push(!killed);
      const models = namesIn(join(cache, 'models')).filter((name) => !name.startsWith('.'));
      // Where the folder is there, every file in it is.
      for (const name of models) {
        expect(name).toBe(TINY_BASE);
        expect(namesIn(join(cache, 'models', name)).sort()).toEqual([
          'chorus.json',
          'fetched.json',
          SOURCE_FILE,
        ]);
      }
      const graphs = namesIn(join(cache, 'graphs')).filter((name) => !name.includes('.'));
      // What was compared with its hash is remembered beside it.
      for (const name of graphs)
        expect(
          namesIn(join(cache, 'graphs', name))
            .filter((file) => file !== 'checked.json')
            .sort(),
        ).toEqual(['decoder.onnx', 'graph.json', 'weights.bin']);
    }
    // A negative control: not all of them ended by themselves.
    expect(complete.filter((ended) => !ended).length).toBeGreaterThan(8);
    const { out, killed } = await run({ program, cache, hub });
    expect(killed).toBe(false);
    expect(out).toMatch(/tiny\/base 100 %/);
    expect(namesIn(join(cache, 'graphs')).filter((name) => name.includes('.draft-'))).toEqual([]);
  }, 120_000);
});

interface Run {
  readonly program: string;
  readonly cache: string;
  readonly hub: FakeHub;
  /** So many pieces of output, and a little. */
  readonly killAfter?: number;
}

/** Asks a question through the whole program, killed on the way where that is wanted. */
async function run({ program, cache, hub, killAfter }: Run): Promise<{ out: string; killed: boolean }> {
  const child = spawn(process.execPath, [program, 'chat', '--fetch', '--hub', hub.address], {
    env: { ...process.env, CHORUS_CACHE: cache, CHORUS_OFFLINE: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  let pieces = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    if (pieces++ === killAfter) setTimeout(() => child.kill('SIGKILL'), 7 * (pieces % 5));
  });
  child.stdin.end('What is 17 + 25?\n');
  const killed = await new Promise<boolean>((resolve) =>
    child.on('close', (_, signal) => resolve(signal !== null)),
  );
  return { out, killed };
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
