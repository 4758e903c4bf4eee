/** The scripting interface: one JSON request a line in, one JSON result a line out, in order. */

import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Engine } from '../engine/engine.ts';
import type { ExpertStatus, MixSetting, TokenTrace } from '../protocol/engine.ts';
import { ChorusError, type Failure, toFailure } from '../protocol/failure.ts';
import { idleInAnswer, idleInMix, idleInRequest } from './effects.ts';
import { parseGenerate, parseScore } from './request.ts';

export type LineCommand = 'generate' | 'score';

export interface LinesOptions {
  readonly engine: Engine;
  /** The folder of the embedded models. */
  readonly models: string;
}

/** Answers every line of `input` on `output`; a bad line gets an error and the next goes on. Says how many got one. */
export async function answerLines(
  command: LineCommand,
  { input, output }: { readonly input: Readable; readonly output: Writable },
  options: LinesOptions,
): Promise<{ readonly failed: number }> {
  let closed = false;
  let failed = 0;
  // The reader of our output has gone (`| head`): there is nobody to answer any more.
  output.on('error', () => {
    closed = true;
  });
  for await (const raw of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (closed) break;
    const line = raw.replace(/^\uFEFF/, '');
    if (line.trim() === '') continue;
    const answer = await answerLine(command, line, options);
    if ('error' in answer) failed++;
    output.write(`${JSON.stringify(answer)}\n`);
  }
  return { failed };
}

async function answerLine(command: LineCommand, line: string, options: LinesOptions): Promise<object> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return errorLine(undefined, { code: 'request-invalid', message: `This line is not valid JSON: ${why}` });
  }
  return answerRequest(command, json, options);
}

/** One request as a plain object; never rejects. */
export async function answerRequest(
  command: LineCommand,
  json: unknown,
  options: LinesOptions,
): Promise<object> {
  try {
    switch (command) {
      case 'generate':
        return await answerGenerate(json, options);
      case 'score':
        return await answerScore(json, options);
      default:
        return command satisfies never;
    }
  } catch (thrown) {
    return errorLine(idOf(json), toFailure(thrown));
  }
}

async function answerGenerate(json: unknown, { engine, models }: LinesOptions): Promise<object> {
  const { id, ids, mix, prompt, request, given } = parseGenerate(json, models);
  const load = await loadAll(engine, mix);
  const devices = devicesOf(mix, load.statuses);
  const outcome = await engine.generate(request);
  if (outcome.kind === 'failed') return errorLine(id, outcome.failure);
  const { result } = outcome;
  const promptLogProbs = await engine.promptLogProbs(prompt);
  const idle = [
    ...(await idleInMix(mix, given)),
    ...idleInRequest(request, mix),
    ...idleInAnswer(request, result),
  ];
  return {
    ...(id !== undefined && { id }),
    text: result.text,
    unit: result.unit,
    ids: result.ids,
    stop: result.stop,
    promptTokens: Math.max(...Object.values(result.promptTokens)),
    promptLogProb: inOrder(ids, promptLogProbs, null),
    weights: inOrder(ids, result.weights),
    shares: inOrder(ids, result.shares),
    ...(result.routed !== undefined && { routed: ids.indexOf(result.routed) }),
    ...(devices !== undefined && { devices }),
    ms: { load: rounded(load.ms), prefill: rounded(result.ms.prefill), decode: rounded(result.ms.decode) },
    ...(result.evaluations !== undefined && { evaluations: inOrder(ids, result.evaluations) }),
    ...(result.candidates !== undefined && { chosen: result.chosen, candidates: result.candidates }),
    ...(result.trace !== undefined && { trace: result.trace.map((token) => traceRow(token, ids)) }),
    ...notesOf(idle),
  };
}

async function answerScore(json: unknown, { engine, models }: LinesOptions): Promise<object> {
  const { id, ids, mix, prompt, continuation, given } = parseScore(json, models);
  const { statuses } = await loadAll(engine, mix);
  const devices = devicesOf(mix, statuses);
  const scored = await engine.score({ prompt, continuation });
  return {
    ...(id !== undefined && { id }),
    logProb: scored.logProb,
    expertLogProb: inOrder(ids, scored.experts, null),
    weights: inOrder(ids, scored.weights),
    unit: scored.unit,
    tokens: scored.tokens,
    bytes: scored.bytes,
    ...(devices !== undefined && { devices }),
    ...notesOf(await idleInMix(mix, given)),
  };
}

/** Loads exactly the request's experts; one that cannot be loaded fails the request. */
async function loadAll(
  engine: Engine,
  mix: MixSetting,
): Promise<{ readonly ms: number; readonly statuses: readonly ExpertStatus[] }> {
  const began = performance.now();
  engine.configure(mix);
  const statuses = await engine.load();
  for (const { state } of statuses) {
    if (state.kind === 'failed')
      throw new ChorusError(state.failure.code, state.failure.message, state.failure.file);
  }
  const ms = performance.now() - began;
  // A line's result must depend on the line alone: int4 kernels round what they see to 8 bits, so a context that is read in
  // other pieces gives slightly other logits.
  await engine.forget();
  return { ms, statuses };
}

/** What each expert runs on and why, in the order of the request; undefined where none asked for anything but the CPU. */
function devicesOf(
  { experts }: MixSetting,
  statuses: readonly ExpertStatus[],
): readonly object[] | undefined {
  if (experts.every(({ device }) => device === 'cpu')) return undefined;
  return experts.map(({ id }) => {
    const state = statuses.find((status) => status.id === id)?.state;
    if (state?.kind !== 'ready') return {};
    const { device, deviceReason } = state;
    return { device, ...(deviceReason !== undefined && { reason: deviceReason }) };
  });
}

function notesOf(notes: readonly string[]): object {
  return notes.length > 0 ? { notes } : {};
}

function traceRow(token: TokenTrace, ids: readonly string[]): object {
  const { id, text, logProb, entropy, agreement } = token;
  const evaluated = ids.flatMap((name, i) => (token.evaluated.includes(name) ? [i] : []));
  return {
    id,
    text,
    logProb,
    shares: inOrder(ids, token.shares),
    weights: inOrder(ids, token.weights),
    entropy,
    agreement,
    evaluated,
  };
}

/** A value per expert of the request; `absent` for one of weight 0, which took no part. */
function inOrder(
  ids: readonly string[],
  byId: Readonly<Record<string, number>>,
  absent: number | null = 0,
): (number | null)[] {
  return ids.map((id) => byId[id] ?? absent);
}

function errorLine(id: string | number | undefined, { code, message, file }: Failure): object {
  return { ...(id !== undefined && { id }), error: { code, message, ...(file !== undefined && { file }) } };
}

function idOf(json: unknown): string | number | undefined {
  if (typeof json !== 'object' || json === null || !('id' in json)) return undefined;
  return typeof json.id === 'string' || typeof json.id === 'number' ? json.id : undefined;
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
