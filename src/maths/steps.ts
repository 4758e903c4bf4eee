/** Each step of a derivation against the one before. What cannot be decided is said to be unknown; it is no mistake. */

import type { ComputeEngine, Expression } from '@cortex-js/compute-engine';
import type { StepVerdict, Verdict } from '../protocol/maths.ts';
import { follows, zeroOf } from './equations.ts';
import { unknownsOf } from './sampling.ts';
import { readStatement, type Statement } from './statement.ts';
import { verifyEqual } from './verify.ts';

export function checkSteps(engine: ComputeEngine, steps: readonly string[]): StepVerdict[] {
  const verdicts: StepVerdict[] = [];
  let before: Statement | undefined;
  for (const [step, text] of steps.entries()) {
    const now = readStatement(engine, text);
    verdicts.push(...checkStep(engine, { before, now, step, alone: steps.length === 1 }));
    before = now.kind === 'continued' ? continuation(before, now.sides) : now;
  }
  return verdicts;
}

interface Step {
  readonly before: Statement | undefined;
  readonly now: Statement;
  readonly step: number;
  readonly alone: boolean;
}

function checkStep(engine: ComputeEngine, { before, now, step, alone }: Step): StepVerdict[] {
  const unknown = (why: string): StepVerdict[] => [{ step, verdict: { kind: 'unknown', why } }];
  switch (now.kind) {
    case 'unread':
      return unknown(now.why);
    case 'continued': {
      const last = lastSide(before);
      if (last === undefined) return unknown('There is nothing before it that it could go on from.');
      return [{ step, verdict: chain(engine, [last, ...now.sides]) }];
    }
    case 'expression': {
      if (before === undefined) return [];
      const last = before.kind === 'expression' ? before.value : undefined;
      if (last === undefined) return unknown('An expression cannot be compared with what stands before it.');
      return [{ step, verdict: verifyEqual(engine, last, now.value) }];
    }
    case 'equation': {
      const [only = []] = now.alternatives;
      const isClaim =
        now.alternatives.length === 1 && (only.length > 2 || alone || unknownsOf(...only).length === 0);
      if (isClaim) return [{ step, verdict: chain(engine, only) }];
      if (before?.kind !== 'equation') {
        return before === undefined
          ? []
          : unknown('An equation cannot be compared with what stands before it.');
      }
      const [old, fresh] = [zeroOf(engine, before.alternatives), zeroOf(engine, now.alternatives)];
      if (old === undefined || fresh === undefined) {
        return unknown('A chain of equalities cannot be compared with an equation.');
      }
      return [{ step, ...follows(engine, old, fresh) }];
    }
    default:
      return now satisfies never;
  }
}

/** All neighbours in turn; the first that is wrong, or else the first that is not known, decides. */
function chain(engine: ComputeEngine, sides: readonly Expression[]): Verdict {
  let worst: Verdict = { kind: 'true', by: 'form' };
  for (const [i, right] of sides.entries()) {
    const left = sides[i - 1];
    if (left === undefined) continue;
    const verdict = verifyEqual(engine, left, right);
    if (verdict.kind === 'false') return verdict;
    if (worst.kind === 'true' && (verdict.kind === 'unknown' || verdict.by === 'points')) worst = verdict;
  }
  return worst;
}

function lastSide(statement: Statement | undefined): Expression | undefined {
  switch (statement?.kind) {
    case 'expression':
      return statement.value;
    case 'continued':
      return statement.sides.at(-1);
    case 'equation':
      return statement.alternatives.length === 1 ? statement.alternatives[0]?.at(-1) : undefined;
    case 'unread':
    case undefined:
      return undefined;
    default:
      return statement satisfies never;
  }
}

/** `a = b` and then `= c` is from there on `a = c`; an expression and then `= c` is a chain of expressions. */
function continuation(before: Statement | undefined, sides: readonly Expression[]): Statement {
  const last = sides.at(-1);
  const first = before?.kind === 'equation' ? before.alternatives[0]?.[0] : undefined;
  if (last === undefined) return { kind: 'unread', why: 'There is no expression.' };
  return first === undefined
    ? { kind: 'expression', value: last }
    : { kind: 'equation', alternatives: [[first, last]] };
}
