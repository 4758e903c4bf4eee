/** The algebra's answers in sentences, and the language-model tool's input as a question. Knows no editor. */

import { t } from '@vscode/l10n';
import type { MathsAnswer, MathsQuestion, MathsValue, StepVerdict, Verdict } from '../protocol/maths.ts';

/** The input of the tool `chorus_math`, as its schema in the manifest has it; a string says what is wrong with it. */
export function toolQuestion(input: unknown): MathsQuestion | string {
  const given: Readonly<Record<string, unknown>> =
    typeof input === 'object' && input !== null ? { ...input } : {};
  const { operation, expression, variable, steps } = given;
  const missing = t('The operation "{0}" needs "expression".', String(operation));
  switch (operation) {
    case 'evaluate':
    case 'simplify':
      return typeof expression === 'string' ? { kind: operation, expression } : missing;
    case 'verify':
      return typeof expression === 'string' ? { kind: 'verify', equality: expression } : missing;
    case 'solve':
      if (typeof expression !== 'string') return missing;
      return {
        kind: 'solve',
        equation: expression,
        ...(typeof variable === 'string' && variable !== '' && { variable }),
      };
    case 'steps':
      if (!Array.isArray(steps) || !steps.every((step) => typeof step === 'string') || steps.length > 100) {
        return t('The operation "steps" needs "steps": a list of at most 100 expressions or equations.');
      }
      return { kind: 'steps', steps };
    default:
      return t('The operation must be evaluate, simplify, solve, verify or steps.');
  }
}

export function answerText(answer: MathsAnswer): string {
  switch (answer.kind) {
    case 'value':
      return valueText(answer.value);
    case 'solutions':
      return answer.solutions
        .map((solution) => t('{0} = {1}', answer.variable, valueText(solution)))
        .join('\n');
    case 'verdict':
      return verdictText(answer.verdict);
    case 'steps':
      return answer.verdicts.length === 0
        ? t('There are no two steps to compare.')
        : answer.verdicts.map((found) => t('Step {0}: {1}', found.step + 1, stepText(found))).join('\n');
    case 'failed':
      return answer.why;
    default:
      return answer satisfies never;
  }
}

export function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'true':
      return verdict.by === 'form'
        ? t('True: shown by algebra.')
        : t('True as far as values show: both sides agree at every point tried, which is no proof.');
    case 'false':
      return t('False. {0}', verdict.why);
    case 'unknown':
      return t('Unknown. {0}', verdict.why);
    default:
      return verdict satisfies never;
  }
}

export function stepText({ verdict, note }: StepVerdict): string {
  return note === undefined ? verdictText(verdict) : `${verdictText(verdict)} ${note}`;
}

/** How many steps were right, wrong and undecided, in one sentence. */
export function summaryOf(verdicts: readonly StepVerdict[]): string {
  const count = (kind: Verdict['kind']): number =>
    verdicts.filter(({ verdict }) => verdict.kind === kind).length;
  const [right, wrong, open] = [count('true'), count('false'), count('unknown')];
  if (verdicts.length === 0) return t('There are no two steps to compare in the selection.');
  if (wrong === 0 && open === 0) return t('Every step holds ({0} checked).', right);
  if (open === 0) return t('Wrong steps: {0}. Steps that hold: {1}.', wrong, right);
  if (wrong === 0) return t('Steps that hold: {0}. Not decided: {1}.', right, open);
  return t('Wrong steps: {0}. Steps that hold: {1}. Not decided: {2}.', wrong, right, open);
}

function valueText({ text, latex, numeric }: MathsValue): string {
  const written = /[\\{]/.test(latex) ? t('{0} (in LaTeX: {1})', text, latex) : text;
  return numeric === undefined ? written : t('{0}, about {1}', written, numeric);
}
