/** The next step of a derivation: what the experts write, judged by the algebra. Knows no editor. */

import { t } from '@vscode/l10n';
import type { GenerateRequest } from '../protocol/engine.ts';
import type { Verdict } from '../protocol/maths.ts';
import { type DerivationStep, derivationSteps } from '../text/derivation.ts';
import type { ChatSessionDependencies } from './chat-session.ts';
import { failureText } from './failure-text.ts';
import type { Maths } from './maths-process.ts';

export interface NextStepDependencies extends Pick<ChatSessionDependencies, 'generate'> {
  readonly maths: Pick<Maths, 'ask'>;
}

export interface Candidate {
  readonly step: string;
  readonly verdict: Verdict;
}

/** The likeliest step first, then others by chance. */
const tries = [0, 0.7, 0.7, 1] as const;
const longestStep = 64;

/** The best first. A string says why there is none; empty where the user cancelled. `text` holds the steps, by their offsets. */
export async function nextSteps(
  text: string,
  steps: readonly DerivationStep[],
  { generate, maths, signal }: NextStepDependencies & { readonly signal: AbortSignal },
): Promise<readonly Candidate[] | string> {
  const known = steps.map((step) => step.text);
  const found: Candidate[] = [];
  const prefix = `${text.slice(0, steps.at(-1)?.end).replace(/\s+$/, '')}\n`;
  for (const [seed, temperature] of tries.entries()) {
    const outcome = await generate(requestFor(prefix, temperature, seed), { signal, onUpdate: () => {} });
    if (signal.aborted) return '';
    if (outcome.kind === 'failed') return failureText(outcome.failure);
    const step = derivationSteps(outcome.result.text)[0]?.text;
    if (step === undefined || [...known, ...found.map((one) => one.step)].includes(step)) continue;
    const answer = await maths.ask({ kind: 'steps', steps: [...known, step] }, signal);
    const verdict =
      answer.kind === 'steps' ? answer.verdicts.find((one) => one.step === known.length) : undefined;
    const why = answer.kind === 'failed' ? answer.why : t('The algebra has nothing to compare it with.');
    found.push({ step, verdict: verdict?.verdict ?? { kind: 'unknown', why } });
    if (verdict?.verdict.kind === 'true') break;
  }
  return ranked(found);
}

/** What holds, then what is not known, then what is wrong; otherwise in the order in which it was found. */
function ranked(candidates: readonly Candidate[]): readonly Candidate[] {
  const rank: Readonly<Record<Verdict['kind'], number>> = { true: 0, unknown: 1, false: 2 };
  return candidates.toSorted((one, other) => rank[one.verdict.kind] - rank[other.verdict.kind]);
}

function requestFor(prefix: string, temperature: number, seed: number): GenerateRequest {
  return {
    surface: 'chat',
    prompt: { kind: 'infill', prefix, suffix: '' },
    maxTokens: longestStep,
    sampling: { temperature, topK: 0, topP: 1, minP: 0.05, seed },
    stop: ['\n'],
    accelerate: 'lookup',
    trace: false,
  };
}
