/**
 * Source files that mix both subjects, built from held-out cases: a comment that states a school problem and works it
 * out, then code, then the same again. Every segment knows its subject, so that each can be counted apart.
 */

import type { InfillingCase, Problem } from './data.ts';

export interface Segment {
  readonly subject: 'maths' | 'code';
  /** Whole lines. */
  readonly text: string;
}

export interface MixedText {
  /** Name of the file. */
  readonly file: string;
  /** What every expert is given: the opening of the first comment, one line. */
  readonly opening: string;
  readonly segments: readonly Segment[];
}

/** Of each file the last whole lines up to the end of the missing one, at most about this many characters. */
const CODE_CHARACTERS = 300;

/**
 * As many texts as there are pairs of infilling cases of one language and pairs of problems, at most; no case is used
 * twice, and none whose code begins or ends inside a comment. The same input gives the same texts.
 */
export function mixedTexts(problems: readonly Problem[], cases: readonly InfillingCase[]): MixedText[] {
  const texts: MixedText[] = [];
  const waiting = new Map<Language, InfillingCase>();
  for (const second of cases.filter((one) => standsAlone(codeOf(one)))) {
    const language = languageOf(second.file);
    const first = waiting.get(language);
    if (first === undefined) {
      waiting.set(language, second);
      continue;
    }
    waiting.delete(language);
    const [one, two] = problems.slice(2 * texts.length, 2 * texts.length + 2);
    if (one === undefined || two === undefined) break;
    const { open } = comments[language];
    texts.push({
      file: first.file,
      opening: `${open}\n`,
      segments: [
        { subject: 'maths', text: commentOf(one, language).slice(open.length + 1) },
        { subject: 'code', text: `${codeOf(first)}\n` },
        { subject: 'maths', text: commentOf(two, language) },
        { subject: 'code', text: codeOf(second) },
      ],
    });
  }
  return texts;
}

type Language = 'typescript' | 'python';

const comments = {
  typescript: { open: '/**', line: ' * ', close: ' */' },
  python: { open: '"""', line: '', close: '"""' },
} as const satisfies Record<Language, unknown>;

function languageOf(file: string): Language {
  return file.endsWith('.py') ? 'python' : 'typescript';
}

function commentOf({ question, steps, answer }: Problem, language: Language): string {
  const { open, line, close } = comments[language];
  const lines = [question, ...steps.split('\n'), `The answer is \\boxed{${answer}}.`];
  return `${[open, ...lines.map((text) => `${line}${text}`), close].join('\n')}\n`;
}

/** Whether the code begins and ends outside a comment or text of several lines, as far as its delimiters tell. */
function standsAlone(code: string): boolean {
  const even = (quotes: string): boolean => code.split(quotes).length % 2 === 1;
  const opened = code.split('/*').length === code.split('*/').length;
  return opened && ['"""', "'''", '`'].every(even) && !/^\s*\*/.test(code);
}

/** Ends with the line that the case leaves out, complete; the indentation that all lines share is taken off. */
function codeOf({ prefix, middle }: InfillingCase): string {
  const all = `${prefix}${middle}`.split('\n');
  const lines: string[] = [];
  let characters = 0;
  for (const line of all.reverse()) {
    if (lines.length > 0 && characters + line.length > CODE_CHARACTERS) break;
    lines.unshift(line);
    characters += line.length + 1;
  }
  // The first line of a cut prefix may be half a line.
  if (lines.length === all.length && lines.length > 1) lines.shift();
  while (lines.length > 1 && lines[0]?.trim() === '') lines.shift();
  const written = lines.filter((line) => line.trim() !== '');
  const shared = Math.min(...written.map((line) => line.length - line.trimStart().length));
  return `${lines.map((line) => line.slice(Number.isFinite(shared) ? shared : 0)).join('\n')}\n`;
}
