import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { answerText, stepText, summaryOf, toolQuestion } from '../../src/extension/maths-text.ts';
import { mathsToolName } from '../../src/extension/names.ts';
import type { StepVerdict } from '../../src/protocol/maths.ts';
import { manifest } from './manifest.ts';

const [tool] = manifest.contributes.languageModelTools;

describe('the tool chorus_math', () => {
  const inputs = [
    { operation: 'evaluate', expression: '1+1' },
    { operation: 'simplify', expression: '(x^2-1)/(x-1)' },
    { operation: 'solve', expression: 'x^2 = 4', variable: 'x' },
    { operation: 'verify', expression: '1+1 = 2' },
    { operation: 'steps', steps: ['2x = 4', 'x = 2'] },
  ];

  it('has the name and the schema of the manifest', () => {
    expect(tool.name).toBe(mathsToolName);
    const validate = new Ajv().compile(tool.inputSchema);
    for (const input of inputs) {
      expect(validate(input)).toBe(true);
      expect(typeof toolQuestion(input)).toBe('object');
    }
    expect(validate({ operation: 'conquer', expression: '1' })).toBe(false);
    expect(validate({ expression: '1' })).toBe(false);
  });

  it('says what an input lacks', () => {
    for (const input of [
      undefined,
      {},
      { operation: 'conquer' },
      { operation: 'evaluate' },
      { operation: 'steps', steps: [1] },
    ])
      expect(toolQuestion(input)).toMatch(/\.$/);
  });

  it('answers in sentences', () => {
    const value = { text: '1/2', latex: '\\frac{1}{2}', numeric: '0.5' };
    expect(answerText({ kind: 'value', value })).toBe('1/2 (in LaTeX: \\frac{1}{2}), about 0.5');
    expect(answerText({ kind: 'solutions', variable: 'x', solutions: [{ text: '2', latex: '2' }] })).toBe(
      'x = 2',
    );
    expect(answerText({ kind: 'verdict', verdict: { kind: 'false', why: 'For x = 1.' } })).toBe(
      'False. For x = 1.',
    );
    expect(answerText({ kind: 'verdict', verdict: { kind: 'true', by: 'points' } })).toMatch(/no proof/);
  });
});

describe('the verdicts on a derivation', () => {
  const of = (...kinds: ('true' | 'false' | 'unknown')[]): StepVerdict[] =>
    kinds.map((kind, step) => ({
      step,
      verdict: kind === 'true' ? { kind, by: 'form' } : { kind, why: 'So.' },
    }));

  it('are counted in one sentence', () => {
    expect(summaryOf(of('true', 'true'))).toBe('Every step holds (2 checked).');
    expect(summaryOf(of('true', 'false'))).toBe('Wrong steps: 1. Steps that hold: 1.');
    expect(summaryOf(of('unknown', 'false'))).toMatch(/Not decided: 1/);
    expect(summaryOf([])).toMatch(/no two steps/);
  });

  it('carry their note', () => {
    expect(stepText({ step: 1, verdict: { kind: 'true', by: 'points' }, note: 'It adds x = -2.' })).toMatch(
      /proof\. It adds x = -2\.$/,
    );
  });
});
