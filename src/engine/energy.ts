/** The energy of each candidate among all of them: what is wrong with it, then how unlikely it is. */

import type { Energy } from '../core/rerank.ts';
import type { Generated, Prompt } from '../protocol/engine.ts';
import { boxedAnswer, mathsFaults } from '../text/maths-faults.ts';
import { type Syntax, syntaxLanguage } from './syntax.ts';

/** Characters around the cursor that are parsed with a completion. */
const BEFORE = 20_000;
const AFTER = 5_000;

/**
 * One energy a candidate, of the same terms for all. A completion in a language that is known: what does not parse. An answer in a
 * chat: whether it was cut off; delimiters without a partner, a box missing that others have, and code that does not parse. Always
 * last: minus the mean log-probability of a token, in nats, infinite where it is not known. What most candidates say (self-consistency, arXiv 2203.11171) is no
 * term: it was no better than that (docs/results.md).
 */
export async function energiesOf(
  prompt: Prompt,
  candidates: readonly Generated[],
  syntax: Syntax,
): Promise<readonly Energy[]> {
  const unlikely = candidates.map(({ trace = [] }) => {
    const mean = trace.reduce((sum, { logProb }) => sum + logProb, 0) / Math.max(1, trace.length);
    return Number.isFinite(mean) ? -mean : Number.POSITIVE_INFINITY;
  });
  switch (prompt.kind) {
    case 'text':
      return unlikely.map((mean) => [mean]);
    case 'infill': {
      const language = prompt.file === undefined ? undefined : syntaxLanguage(prompt.file);
      if (language === undefined) return unlikely.map((mean) => [mean]);
      const [before, after] = [prompt.prefix.slice(-BEFORE), prompt.suffix.slice(0, AFTER)];
      return Promise.all(
        candidates.map(async ({ text }, i) => [
          await syntax.faults(before + text + after, language),
          unlikely[i] as number,
        ]),
      );
    }
    case 'messages': {
      const boxes = candidates.map(({ text }) => boxedAnswer(text));
      const boxed = boxes.some((box) => box !== undefined);
      return Promise.all(
        candidates.map(async ({ text, stop }, i) => {
          const missing = boxed && boxes[i] === undefined ? 1 : 0;
          return [
            stop === 'length' ? 1 : 0,
            mathsFaults(withoutCode(text)) + missing + (await codeFaults(text, syntax)),
            unlikely[i] as number,
          ];
        }),
      );
    }
    default:
      return prompt satisfies never;
  }
}

const fence = /^```([\w.+-]*)[^\n]*\n(.*?)^```\s*$/gms;

function withoutCode(text: string): string {
  return text.replace(fence, '').replace(/`[^`\n]*`/g, '');
}

async function codeFaults(text: string, syntax: Syntax): Promise<number> {
  let faults = 0;
  for (const [, name = '', code = ''] of text.matchAll(fence)) {
    const language = syntaxLanguage(name);
    if (language !== undefined) faults += await syntax.faults(code, language);
  }
  return faults;
}
