/** An engine for the tests of a file, and short ways to ask it. */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type {
  ExpertStatus,
  Generated,
  GenerateOutcome,
  GenerateRequest,
  MixSetting,
} from '../../src/protocol/engine.ts';
import type { Failure } from '../../src/protocol/failure.ts';
import { keeping } from '../kept-experts.ts';
import { pocket, setting } from '../programs.ts';

export interface Bench {
  readonly engine: Engine;
  readonly statuses: readonly ExpertStatus[];
}

/**
 * One engine for all tests of the file: opening two experts costs as much as eighty tokens of their answer. What is loaded stays so
 * while the mix names it; what the experts remember of their contexts goes with each test.
 *
 * @param parts by default those that keep pocket experts open from file to file
 */
export function engineForFile(parts = keeping): Bench {
  let engine: Engine | undefined;
  let statuses: readonly ExpertStatus[] = [];
  beforeAll(() => {
    engine = createEngine({
      ...parts,
      onStatus: (next) => {
        statuses = next;
      },
    });
  });
  afterEach(() => engine?.forget());
  afterAll(() => engine?.dispose());
  return {
    get engine() {
      if (engine === undefined) throw new Error('outside a test');
      return engine;
    },
    get statuses() {
      return statuses;
    },
  };
}

export const even: MixSetting = {
  experts: [setting('code'), setting('math')],
  pool: { kind: 'linear' },
  weighting: 'fixed',
};

/** The code expert goes on with this for as long as it may. */
export const ENDLESS = '// größe: 日本語 🙂 → ∑\nconst π = ';

export function ask(content: string, change: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    surface: 'chat',
    prompt: { kind: 'messages', messages: [{ role: 'user', content }] },
    maxTokens: 60,
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
    stop: [],
    accelerate: 'none',
    trace: false,
    ...change,
  };
}

export function generated(outcome: GenerateOutcome): Generated {
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  return outcome.result;
}

export function failed(outcome: GenerateOutcome): Failure {
  if (outcome.kind === 'generated') throw new Error(`generated ${outcome.result.text}`);
  return outcome.failure;
}

type Json = Record<string, unknown>;

/** The code expert's model in `folder`, with one of its JSON files changed; gives the folder. */
export function changedModel(folder: string, name: string, change: (json: Json) => Json): string {
  mkdirSync(join(folder, 'onnx'));
  const files = [
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'chorus.json',
    'onnx/model_q4.onnx',
  ];
  for (const file of files) if (file !== name) symlinkSync(join(pocket('code'), file), join(folder, file));
  const json = JSON.parse(readFileSync(join(pocket('code'), name), 'utf8')) as Json;
  writeFileSync(join(folder, name), JSON.stringify(change(json)));
  return folder;
}

/** The same vocabulary but for the name of one token. */
export function renamedToken(json: Json): Json {
  const tokens = json.added_tokens as { content: string }[];
  return {
    ...json,
    added_tokens: tokens.map((token, i) =>
      i === tokens.length - 1 ? { ...token, content: '<|renamed|>' } : token,
    ),
  };
}
