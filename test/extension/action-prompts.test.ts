import { describe, expect, it } from 'vitest';
import { actionNames, actionPrompt, fenced, formulaAction } from '../../src/extension/action-prompts.ts';
import { contextOf, inputTokens, textBudget } from '../../src/extension/context-budget.ts';
import { sharesText } from '../../src/extension/shares-text.ts';

const input = { text: 'const a = 1;', language: 'typescript', file: 'a.ts' };

describe('what the experts are asked', () => {
  it.each(actionNames)('has the text in a block of its language: %s', (action) => {
    expect(actionPrompt(action, input)).toContain('```typescript\nconst a = 1;\n```');
    expect(actionPrompt(action, input)).toMatch(/^[A-Z]/);
  });

  it('names the problems that the editor found, each in one line', () => {
    const prompt = actionPrompt('fix', { ...input, problems: ["line 1: 'a' is\nunused"] });
    expect(prompt).toContain("- line 1: 'a' is unused");
  });

  it('keeps a text with fences in one block', () => {
    expect(fenced('```\nx\n```', 'md')).toBe('````md\n```\nx\n```\n````');
  });

  it('asks for a language to program in, where the formula stands in a text', () => {
    expect(actionPrompt('formulaToCode', { ...input, language: 'latex' })).toContain('in python');
    expect(actionPrompt('formulaToCode', { ...input, language: 'rust' })).toContain('in rust');
  });

  it('goes from formula to code or back by what is there', () => {
    expect(formulaAction({ text: 'E = mc^2', language: 'latex' })).toBe('formulaToCode');
    expect(formulaAction({ text: '# $\\frac{a}{b}$', language: 'python' })).toBe('formulaToCode');
    expect(formulaAction({ text: 'return a / b', language: 'python' })).toBe('codeToFormula');
  });
});

describe('the room for a text', () => {
  const ready = (id: string, contextLength: number) => ({
    id,
    state: { kind: 'ready', device: 'CPU', memoryBytes: 1, precision: 'q4', contextLength } as const,
  });

  it('is that of the expert with the shortest context, and of the smallest where nothing is known', () => {
    const rows = [ready('a', 8192), ready('b', 2048), { id: 'c', state: { kind: 'off' } as const }];
    expect(contextOf(rows, ['a', 'b'])).toBe(2048);
    expect(contextOf(rows, ['a', 'c'])).toBe(1024);
    expect(contextOf([], [])).toBe(1024);
  });

  it('leaves room for the answer, but keeps half of a small context', () => {
    expect(inputTokens(1024, 256)).toBe(768);
    expect(inputTokens(1024, 8192)).toBe(512);
    expect(textBudget(1024, 256)).toBeGreaterThan(1200);
  });
});

describe('the shares of an answer', () => {
  it('are named, the largest first', () => {
    expect(sharesText({ 'pocket/code': 0.381, 'pocket/math': 0.615, 'tiny/x': 0.004 })).toBe(
      'math 62 %, code 38 %, x <1 %',
    );
    expect(sharesText({})).toBe('');
  });
});
