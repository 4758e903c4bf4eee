/** Whether rules that lead back to themselves still describe texts that end. */

import { type Expression, type Expressions, NOTHING } from './expression.ts';

/**
 * The first of `rules` that no text fits, or that leads to itself without a byte before (left recursion, which
 * derivatives cannot follow); undefined where every rule can be used.
 */
export function endlessRule(expressions: Expressions, rules: readonly Expression[]): Expression | undefined {
  return rules.find((rule) => leadsToItself(expressions, rule)) ?? unfit(expressions, rules);
}

function leadsToItself(expressions: Expressions, rule: Expression): boolean {
  const seen = new Set<Expression>();
  const open = [bodyOf(expressions, rule)];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === rule) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    const node = expressions.node(next);
    if (node.kind === 'rule') open.push(expressions.body(node.rule));
    if (node.kind === 'either') open.push(...node.options);
    if (node.kind === 'repeat') open.push(node.of);
    if (node.kind === 'concat') {
      open.push(node.first);
      if (expressions.matchesEmpty(node.first)) open.push(node.rest);
    }
  }
  return false;
}

/** The first rule without a text: none is taken to have one until its body shows it, again and again until nothing changes. */
function unfit(expressions: Expressions, rules: readonly Expression[]): Expression | undefined {
  const fit = new Set<Expression>();
  for (let before = -1; before !== fit.size; ) {
    before = fit.size;
    const known = new Map<Expression, boolean>();
    for (const rule of rules) if (hasText(bodyOf(expressions, rule), known)) fit.add(rule);
  }
  return rules.find((rule) => !fit.has(rule));

  function hasText(expression: Expression, known: Map<Expression, boolean>): boolean {
    const old = known.get(expression);
    if (old !== undefined) return old;
    const node = expressions.node(expression);
    let has = expression !== NOTHING;
    // Only the rules given may be without a text.
    if (node.kind === 'rule') has = fit.has(expression) || !rules.includes(expression);
    if (node.kind === 'either') has = node.options.some((option) => hasText(option, known));
    if (node.kind === 'repeat') has = node.min === 0 || hasText(node.of, known);
    if (node.kind === 'concat') has = hasText(node.first, known) && hasText(node.rest, known);
    known.set(expression, has);
    return has;
  }
}

function bodyOf(expressions: Expressions, rule: Expression): Expression {
  const node = expressions.node(rule);
  return node.kind === 'rule' ? expressions.body(node.rule) : rule;
}
