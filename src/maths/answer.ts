/** The algebra behind one question. May take very long for towers of powers: who asks bounds its time (process.ts runs it apart). */

import { ComputeEngine, type Expression } from '@cortex-js/compute-engine';
import type { MathsAnswer, MathsQuestion, MathsValue } from '../protocol/maths.ts';
import { solutionsOf } from './equations.ts';
import { unknownsOf } from './sampling.ts';
import { readExpression, readStatement } from './statement.ts';
import { checkSteps } from './steps.ts';
import { verifyEqual } from './verify.ts';

/** Longer answers are numbers that nobody reads. */
const longest = 2000;

/** Each question has an engine of its own: what one names means nothing to the next. */
export function answerMaths(question: MathsQuestion): MathsAnswer {
  const engine = new ComputeEngine();
  switch (question.kind) {
    case 'evaluate':
    case 'simplify': {
      const read = readExpression(engine, question.expression);
      if (typeof read === 'string') return failed(read);
      const result = question.kind === 'evaluate' ? read.evaluate() : read.simplify();
      const value = writtenValue(result);
      if (value.text.length > longest) {
        return failed(
          `The result has more than ${longest} characters: about ${result.N().toString().slice(0, 60)}.`,
        );
      }
      return { kind: 'value', value };
    }
    case 'solve':
      return solve(engine, question.equation, question.variable);
    case 'verify': {
      const sides = twoSides(engine, question.equality, 'equality');
      if (typeof sides === 'string') return failed(sides);
      return { kind: 'verdict', verdict: verifyEqual(engine, ...sides) };
    }
    case 'steps':
      return { kind: 'steps', verdicts: checkSteps(engine, question.steps) };
    default:
      return question satisfies never;
  }
}

function solve(engine: ComputeEngine, equation: string, variable: string | undefined): MathsAnswer {
  const sides = twoSides(engine, equation, 'equation');
  if (typeof sides === 'string') return failed(sides);
  const names = unknownsOf(...sides);
  const name = variable ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    return failed(
      names.length === 0
        ? 'There is no variable to solve for.'
        : `There are several variables (${names.join(', ')}): say which one to solve for.`,
    );
  }
  if (!names.includes(name)) return failed(`The variable ${name} is not in the equation.`);
  const solutions = solutionsOf(engine, sides, name);
  if (solutions.length === 0) {
    return failed(
      'No solution was found by the methods that the algebra has; there may be some all the same.',
    );
  }
  return {
    kind: 'solutions',
    variable: name,
    solutions: solutions.map(writtenValue),
  };
}

/** The two sides of `text`, or why it is not the one `wanted` that was asked for. */
function twoSides(
  engine: ComputeEngine,
  text: string,
  wanted: 'equality' | 'equation',
): readonly [Expression, Expression] | string {
  const read = readStatement(engine, text);
  if (read.kind === 'unread') return read.why;
  const sides = read.kind === 'equation' ? (read.alternatives[0] ?? []) : [];
  const [left, right] = sides;
  return left === undefined || right === undefined || sides.length > 2
    ? `Write one ${wanted}: two expressions with one "=" between them.`
    : [left, right];
}

function writtenValue(expression: Expression): MathsValue {
  const text = expression.toString();
  const numeric = expression.N().toString();
  return {
    text,
    latex: expression.latex.replace(/(?<=\d)\\,(?=\d)/g, ''),
    ...(numeric !== text && !/[a-z]/i.test(numeric.replace(/e[+-]?\d+/i, '')) && { numeric }),
  };
}

function failed(why: string): MathsAnswer {
  return { kind: 'failed', why };
}
