/** From a request's grammar to what decodes by it. */

import type { GrammarSetting } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import { type Automaton, createAutomaton } from './automaton.ts';
import { asUtf8 } from './characters.ts';
import { createExpressions, type Expression, type Expressions, NOTHING } from './expression.ts';
import { schemaExpression } from './json-schema.ts';
import { regexExpression } from './regex.ts';

/**
 * @param opening bytes that stand before the text that the grammar is about
 * Throws a `ChorusError` where the grammar is not valid, not supported, allows no text, or is too large.
 */
export function compileGrammar(grammar: GrammarSetting, opening: Uint8Array = new Uint8Array(0)): Automaton {
  const expressions = createExpressions();
  const language = languageOf(grammar, expressions);
  if (language === NOTHING) {
    throw new ChorusError('request-invalid', 'The regular expression matches no text at all. Correct it.');
  }
  return createAutomaton(expressions, expressions.sequence(expressions.literal(opening), language));
}

function languageOf(grammar: GrammarSetting, expressions: Expressions): Expression {
  switch (grammar.kind) {
    case 'regex':
      return regexExpression(grammar.pattern, {
        expressions,
        encode: asUtf8(expressions),
        whole: true,
        what: 'The regular expression',
      });
    case 'json':
      return schemaExpression(grammar.schema ?? true, expressions);
    default:
      return grammar satisfies never;
  }
}
