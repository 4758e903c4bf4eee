/** Whether rules that lead back to themselves still describe texts that end. */

import type { Expression, Expressions } from './expression.ts';

export interface Fault {
  readonly rule: Expression;
  /**
   * endless  no text fits it, or it leads to itself without a byte before (left recursion, which derivatives cannot follow)
   * deep     too many expressions, one in the other, stand before its first byte
   */
  readonly kind: 'endless' | 'deep';
}

/** Derivatives follow what stands before a byte by calls in calls, and some thousand fill the stack. */
export const DEEPEST_START = 500;

/** A rule of `rules` that cannot be used, and why; undefined where every one can. In time linear in the expressions. */
export function faultyRule(expressions: Expressions, rules: readonly Expression[]): Fault | undefined {
  const faulty = faultyStart(expressions, rules);
  if (faulty !== undefined) return faulty;
  const endless = textless(expressions, rules);
  return endless === undefined ? undefined : { rule: endless, kind: 'endless' };
}

interface Visit {
  readonly of: Expression;
  /** What may stand at its beginning and is still to be visited. */
  readonly open: Expression[];
  /** Of those visited. */
  deepest: number;
}

/** Depth first over what may stand before the first byte, with its own stack. */
function faultyStart(expressions: Expressions, rules: readonly Expression[]): Fault | undefined {
  const given = new Set(rules);
  /** 0 while on the path. */
  const depths = new Map<Expression, number>();
  const path: Visit[] = [];
  const enter = (of: Expression): void => {
    const open = beginnings(expressions, of);
    expressions.work(1 + open.length);
    depths.set(of, 0);
    path.push({ of, open, deepest: 0 });
  };
  for (const rule of rules) {
    if (!depths.has(rule)) enter(rule);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.open.pop();
      if (next === undefined) {
        const depth = top.deepest + (isAlias(expressions, top.of) ? 0 : 1);
        if (depth > DEEPEST_START) return { rule, kind: 'deep' };
        path.pop();
        depths.set(top.of, depth);
        const before = path.at(-1);
        if (before !== undefined) before.deepest = Math.max(before.deepest, depth);
        continue;
      }
      const depth = depths.get(next);
      if (depth === undefined) enter(next);
      else if (depth > 0) top.deepest = Math.max(top.deepest, depth);
      else {
        const circle = path.slice(path.findIndex(({ of }) => of === next));
        return { rule: circle.find(({ of }) => given.has(of))?.of ?? rule, kind: 'endless' };
      }
    }
  }
  return undefined;
}

function beginnings(expressions: Expressions, expression: Expression): Expression[] {
  const node = expressions.node(expression);
  switch (node.kind) {
    case 'nothing':
    case 'empty':
    case 'bytes':
      return [];
    case 'rule':
      return [expressions.body(node.rule)];
    case 'either':
      return [...node.options];
    case 'repeat':
      return [node.of];
    case 'concat':
      return expressions.matchesEmpty(node.first) ? [node.rest, node.first] : [node.first];
    default:
      return node satisfies never;
  }
}

/** Whether it is a rule that is another rule: derivatives go from one to the next without a call. */
function isAlias(expressions: Expressions, expression: Expression): boolean {
  const node = expressions.node(expression);
  return node.kind === 'rule' && expressions.node(expressions.body(node.rule)).kind === 'rule';
}

/**
 * The first rule without a text. An expression has one once enough of its parts have (one of a choice, both of a
 * concatenation), which each part tells those that wait for it: every part of every expression is looked at once
 * (Dowling and Gallier 1984, on Horn formulae).
 */
function textless(expressions: Expressions, rules: readonly Expression[]): Expression | undefined {
  /** How many more parts must have a text. */
  const missing = new Map<Expression, number>();
  const waiting = new Map<Expression, Expression[]>();
  const fit: Expression[] = [];
  const open: Expression[] = [];
  const meet = (expression: Expression): void => {
    if (missing.has(expression)) return;
    missing.set(expression, Number.POSITIVE_INFINITY);
    open.push(expression);
  };
  for (const rule of rules) meet(rule);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { parts, needed } = needs(expressions, next);
    expressions.work(1 + parts.length);
    missing.set(next, needed);
    if (needed === 0) fit.push(next);
    for (const part of parts) {
      meet(part);
      const others = waiting.get(part);
      if (others === undefined) waiting.set(part, [next]);
      else others.push(next);
    }
  }
  for (let next = fit.pop(); next !== undefined; next = fit.pop()) {
    for (const other of waiting.get(next) ?? []) {
      const left = (missing.get(other) ?? 0) - 1;
      missing.set(other, left);
      if (left === 0) fit.push(other);
    }
  }
  return rules.find((rule) => (missing.get(rule) ?? 0) > 0);
}

/** Of which parts how many must have a text for the expression to have one. */
function needs(
  expressions: Expressions,
  expression: Expression,
): { readonly parts: readonly Expression[]; readonly needed: number } {
  const node = expressions.node(expression);
  switch (node.kind) {
    case 'nothing':
      return { parts: [], needed: Number.POSITIVE_INFINITY };
    case 'empty':
    case 'bytes':
      return { parts: [], needed: 0 };
    case 'rule':
      return { parts: [expressions.body(node.rule)], needed: 1 };
    case 'either':
      return { parts: node.options, needed: 1 };
    case 'repeat':
      return { parts: [node.of], needed: node.min === 0 ? 0 : 1 };
    case 'concat':
      return { parts: [node.first, node.rest], needed: 2 };
    default:
      return node satisfies never;
  }
}
