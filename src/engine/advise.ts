/**
 * Advice on the mix: every expert that the settings know reads the same texts, one expert after the other, and core
 * chooses from how probable each found them. Work that can wait: any request goes first, between two pieces.
 */

import { ADVICE, adviceSteps, type Candidate, type Advice as Choice, type Piece } from '../core/advice.ts';
import { untilAborted } from '../protocol/abort.ts';
import type { Advice, AdviseProgress, AdviseRequest } from '../protocol/advice.ts';
import type { ExpertSetting } from '../protocol/engine.ts';
import { ChorusError, type Failure, toFailure } from '../protocol/failure.ts';
import type { LoadedExpert } from '../runtime/expert.ts';
import { halvesOf, PIECE_LENGTH, piecesOf } from '../text/pieces.ts';
import type { Experts } from './experts.ts';
import type { Turn, Turns } from './turns.ts';

export interface AdviseOptions {
  readonly experts: Experts;
  readonly turns: Turns;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: AdviseProgress) => void;
}

/** Below a chat's and a completion's. */
const URGENCY = -1;
/** More than anybody needs; a request from outside is bounded. */
const MOST_PIECES = 2000;
/** Shorter pieces say little about what comes after their beginning. */
const LEAST_PIECE = 250;
/** The least that has a standard error. */
const LEAST_JUDGING = 2;

/** Rejects with a `ChorusError` where the texts are too short to judge by, or no expert could read them. */
export async function advise(request: AdviseRequest, options: AdviseOptions): Promise<Advice> {
  const { experts, signal, onProgress } = options;
  const texts = cut(request.texts.map(({ text }) => text.replaceAll('\r\n', '\n')));
  const pieces = texts.flat();
  const halves = halvesOf(texts);
  const encoder = new TextEncoder();
  const scored = pieces.map(
    (text, i): Piece => ({ bytes: encoder.encode(text).length, half: halves[i] ?? 'fit' }),
  );
  checkSample(scored);
  await untilAborted(experts.load(), signal);
  const settings = experts.mix().experts;
  const candidates: Candidate[] = [];
  const unmeasured: { id: string; failure: Failure }[] = [];
  for (const [i, setting] of settings.entries()) {
    const progress = (stage: AdviseProgress['stage'], part: number): void =>
      onProgress({ expert: setting.id, stage, done: (i + part) / settings.length });
    try {
      candidates.push(await measured(setting, { pieces, request, options, progress }));
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure.code === 'cancelled' || signal.aborted) throw cancelled();
      unmeasured.push({ id: setting.id, failure });
    }
  }
  onProgress({ expert: '', stage: 'comparing', done: 1 });
  const { rows, chosen } = await compared(candidates, scored, request, options);
  const bytesOf = (half: Piece['half']): number =>
    scored.reduce((sum, piece) => sum + (piece.half === half ? piece.bytes : 0), 0);
  return {
    rows,
    ...(chosen !== undefined && { chosen }),
    unmeasured,
    memoryLimit: request.memoryLimit,
    sample: {
      texts: texts.filter((text) => text.length > 0).length,
      pieces: pieces.length,
      fitBytes: bytesOf('fit'),
      judgeBytes: bytesOf('judge'),
    },
  };
}

interface Measuring {
  readonly pieces: readonly string[];
  readonly request: AdviseRequest;
  readonly options: AdviseOptions;
  readonly progress: (stage: AdviseProgress['stage'], part: number) => void;
}

/** One expert's scores of all pieces; a model that is not loaded is loaded for this alone. */
async function measured(setting: ExpertSetting, measuring: Measuring): Promise<Candidate> {
  const { experts, turns, signal } = measuring.options;
  const { total: memoryBytes } = await experts.memory(setting.id);
  if (memoryBytes > measuring.request.memoryLimit) throw tooLarge(setting.id, memoryBytes, measuring.request);
  measuring.progress('loading', 0);
  const lent = experts.borrow(setting.id);
  try {
    const expert = await untilAborted(lent.expert, signal);
    const logProbs: Float64Array[] = [];
    const turn = await turns.take(URGENCY);
    try {
      for (const [i, piece] of measuring.pieces.entries()) {
        measuring.progress('reading', i / measuring.pieces.length);
        logProbs.push(await scorePiece(expert, piece, signal));
        await turn.pass();
      }
    } finally {
      turn.end();
    }
    return { id: setting.id, vocabulary: expert.tokenizer.hash, memoryBytes, logProbs };
  } finally {
    lent.giveBack();
  }
}

/** log p of every token of `text` after a line end, in nats; what is longer than the context is read in overlapping windows. */
async function scorePiece(expert: LoadedExpert, text: string, signal: AbortSignal): Promise<Float64Array> {
  const { beginning } = expert.tokenizer;
  const lead = [...beginning, ...expert.tokenizer.encode('\n')];
  const tokens = [...lead, ...expert.tokenizer.encode(text)];
  const out = new Float64Array(tokens.length - lead.length);
  for (let done = lead.length; done < tokens.length; ) {
    const head = done === lead.length ? [] : beginning;
    const start = done === lead.length ? 0 : done - (expert.contextLength >> 1);
    const window = [...head, ...tokens.slice(start, start + expert.contextLength - head.length)];
    const logProbs = await expert.score(Int32Array.from(window), head.length + done - start, signal);
    if (logProbs === 'cancelled') throw cancelled();
    out.set(logProbs, done - lead.length);
    done += logProbs.length;
  }
  return out;
}

/** The choice, with a pause after every set for whoever else has something to do. */
async function compared(
  candidates: readonly Candidate[],
  pieces: readonly Piece[],
  { memoryLimit }: AdviseRequest,
  { turns, signal }: AdviseOptions,
): Promise<Choice> {
  const turn: Turn = await turns.take(URGENCY);
  try {
    const steps = adviceSteps(candidates, pieces, { ...ADVICE, memoryLimit });
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      await new Promise((resolve) => setImmediate(resolve));
      await turn.pass();
      if (signal.aborted) throw cancelled();
    }
  } finally {
    turn.end();
  }
}

/** Short texts in shorter pieces, so that there are enough to judge by. */
function cut(texts: readonly string[]): string[][] {
  const all = texts.reduce((length, text) => length + text.length, 0);
  const length = Math.min(PIECE_LENGTH, Math.max(LEAST_PIECE, Math.ceil(all / 16)));
  return texts.map((text) => piecesOf(text, length));
}

function checkSample(pieces: readonly Piece[]): void {
  if (pieces.length > MOST_PIECES) {
    throw new ChorusError(
      'request-invalid',
      `The texts are too long: ${pieces.length} pieces, at most ${MOST_PIECES} are read. Give fewer or shorter files.`,
    );
  }
  const judging = pieces.filter(({ half }) => half === 'judge').length;
  if (judging >= LEAST_JUDGING && pieces.length > judging) return;
  throw new ChorusError(
    'request-invalid',
    'There is too little text to judge by: about a thousand characters are needed, half of them to choose by and half to judge by. Open a folder with source files, or give more files.',
  );
}

function tooLarge(id: string, bytes: number, { memoryLimit }: AdviseRequest): ChorusError {
  return new ChorusError(
    'out-of-memory',
    `'${id}' alone needs about ${megabytes(bytes)}, more than the limit of ${megabytes(memoryLimit)}, and was not loaded. Raise the setting chorus.mix.memoryLimit to measure it.`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function cancelled(): ChorusError {
  return new ChorusError('cancelled', 'The advice was cancelled.');
}
