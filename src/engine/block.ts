/** Whether an infill has come to the end of the block that the cursor stands in. */

import type { Prompt } from '../protocol/engine.ts';
import { blockEndByIndentation } from '../text/block.ts';
import { type Syntax, syntaxLanguage } from './syntax.ts';

/** In UTF-16 units: how much of `answer` belongs to the block; undefined while it goes on. Asked when a line has ended. */
export async function blockEnd(
  { prefix, file = '' }: Prompt & { readonly kind: 'infill' },
  answer: string,
  syntax: Syntax,
): Promise<number | undefined> {
  const language = syntaxLanguage(file);
  // Python's grammar closes a block when the next statement stands left of it, which indentation says as well.
  if (language === undefined || language === 'python') return blockEndByIndentation(prefix, answer);
  const end = await syntax.blockEnd(prefix + answer, prefix.length, language).catch(() => undefined);
  if (end === undefined) return undefined;
  // `} else {` and `});` go on after what closes the block.
  const line = answer.indexOf('\n', end - prefix.length);
  const rest = line < 0 ? answer.slice(end - prefix.length) : answer.slice(end - prefix.length, line);
  return /[{[(]\s*$/.test(rest) ? undefined : line < 0 ? undefined : line;
}
