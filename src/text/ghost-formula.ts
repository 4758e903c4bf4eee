/**
 * Ghost text in and around formulas of LaTeX and Markdown: no dollar without its partner, nothing past the end of a formula that is
 * closed already, no half command and no group left open where the answer was cut. Like all shaping it only takes away.
 */

export interface FormulaPlace {
  readonly before: string;
  readonly after: string;
  /** The model ran out of tokens, so its last word may be half a word. */
  readonly truncated: boolean;
}

type Delimiter = '$' | '$$' | '\\(' | '\\[';

const closers: Readonly<Record<Delimiter, string>> = { $: '$', $$: '$$', '\\(': '\\)', '\\[': '\\]' };

/** Texts in which a dollar begins a formula; in code it has other uses. */
export function hasFormulas(languageId: string): boolean {
  return /^(?:latex|tex|markdown|quarto|rmd)$/.test(languageId);
}

/** The part of `text` that is fit to stand at the cursor. */
export function fitFormulas(text: string, { before, after, truncated }: FormulaPlace): string {
  const paragraph = before.slice(before.lastIndexOf('\n\n') + 1);
  const open = openAt(paragraph);
  const inside =
    open !== undefined || /\\begin\{(?:equation|align|gather|multline|split|cases)/.test(lastFrame(before));
  let kept = text;
  if (open !== undefined && isClosed(after, closers[open])) {
    const end = kept.indexOf(closers[open]);
    if (end >= 0) kept = kept.slice(0, end);
  }
  if (truncated && (inside || openAt(paragraph + kept) !== undefined)) kept = withoutHalf(kept);
  // What it opens it must close; what was open before may stay so, as long as it is the only one.
  const still = scan(paragraph + kept);
  if (still === undefined || still.at < paragraph.length) return kept;
  return kept.slice(0, still.at - paragraph.length).trimEnd();
}

/** The formula around the cursor that is closed after it: what of it stands right of the cursor. Undefined for none, or an open one. */
export function formulaAround({
  before,
  after,
}: Pick<FormulaPlace, 'before' | 'after'>):
  | { readonly rest: string; readonly isInline: boolean }
  | undefined {
  const open = openAt(before.slice(before.lastIndexOf('\n\n') + 1));
  if (open === undefined || !isClosed(after, closers[open])) return undefined;
  return { rest: after.slice(0, after.indexOf(closers[open])), isInline: open === '$' || open === '\\(' };
}

/** The delimiter of the formula that `text` ends inside of. */
export function openAt(text: string): Delimiter | undefined {
  return scan(text)?.delimiter;
}

function scan(text: string): { readonly delimiter: Delimiter; readonly at: number } | undefined {
  let open: { readonly delimiter: Delimiter; readonly at: number } | undefined;
  let isCode = false;
  for (let i = 0; i < text.length; i++) {
    const two = text.slice(i, i + 2);
    if (open === undefined && text.charAt(i) === '`') isCode = !isCode;
    if (isCode) continue;
    if (open !== undefined && text.startsWith(closers[open.delimiter], i)) {
      i += closers[open.delimiter].length - 1;
      open = undefined;
    } else if (two === '\\(' || two === '\\[' || two === '$$') {
      open ??= { delimiter: two, at: i };
      i++;
    } else if (two.startsWith('\\')) i++;
    else if (open === undefined && two.startsWith('$') && opensFormula(text, i))
      open = { delimiter: '$', at: i };
  }
  return open;
}

/** As Pandoc has it, and no price: `$5 and more`. */
function opensFormula(text: string, at: number): boolean {
  if (/[\p{L}\p{N}]/u.test(text.charAt(at - 1)) || /^\s/.test(text.slice(at + 1))) return false;
  return !/^\d[\d.,]*(?:\s+\p{L}{2,}|[.,;]?\s*$)/u.test(text.slice(at + 1));
}

function isClosed(after: string, closer: string): boolean {
  const end = after.indexOf('\n\n');
  return (end < 0 ? after : after.slice(0, end)).includes(closer);
}

/** The begin of the last environment that is not ended. */
function lastFrame(before: string): string {
  const begin = before.lastIndexOf('\\begin{');
  return begin < 0 || before.indexOf('\\end{', begin) >= 0 ? '' : before.slice(begin, begin + 24);
}

/** Without a command that may be half, and without groups that the cut left open. */
function withoutHalf(text: string): string {
  let kept = text.replace(/\\[a-zA-Z]*$/, '');
  for (;;) {
    const open = firstOpenBrace(kept);
    if (open < 0) return kept.trimEnd();
    // With the command that the group belongs to, and its earlier groups.
    const start =
      /(?:\\[a-zA-Z]+\s*(?:\{[^{}]*\}\s*)*|[\w)}]?[\^_])?$/.exec(kept.slice(0, open))?.index ?? open;
    kept = kept.slice(0, start);
  }
}

function firstOpenBrace(text: string): number {
  const open: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text.charAt(i) === '\\') i++;
    else if (text.charAt(i) === '{') open.push(i);
    else if (text.charAt(i) === '}') open.pop();
  }
  return open[0] ?? -1;
}
