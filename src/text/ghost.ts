/**
 * Ghost text as pure functions: whether to ask for a completion at this place, for one line or several, and what of
 * the model's raw answer is worth showing. Shaping only ever takes text away. Lines end with `\n` here.
 */

import { fitFormulas, formulaAround } from './ghost-formula.ts';
import { type Pairing, pairUp, tearsPair } from './ghost-pairs.ts';

export type MultilineMode = 'auto' | 'never' | 'always';

export type GhostPlan =
  | { readonly kind: 'ask'; readonly multiline: boolean; readonly stop: readonly string[] }
  | { readonly kind: 'skip'; readonly rule: SkipRule };

export type SkipRule = 'empty-document' | 'inside-word' | 'text-right-of-cursor' | 'statement-ended';

export interface GhostPlace {
  /** Everything known before and after the cursor. */
  readonly before: string;
  readonly after: string;
  /** A dollar begins a formula here, as in LaTeX and Markdown. */
  readonly formulas?: boolean;
}

export interface GhostContext extends GhostPlace {
  readonly multiline: boolean;
  /** The model ran out of tokens, so its last line may be half a line. */
  readonly truncated: boolean;
}

export type GhostRule = 'empty' | 'repeats-suffix' | 'repeats-previous' | 'repeats-itself';

export type Ghost =
  /** Insert `text` at the cursor in place of the `replaceRight` characters right of it. */
  | { readonly kind: 'text'; readonly text: string; readonly replaceRight: number }
  | { readonly kind: 'nothing'; readonly rule: GhostRule };

/** How many characters other than closers may stand right of the cursor before an automatic request is skipped. */
const fewCharacters = 3;
/** A repeat of the suffix shorter than this, and not the whole rest of the line, may be chance. */
const surelyRepeated = 8;
/** Words said four times in a row: a small model that fell into a loop. Numbers may repeat, as in tables. */
const loops = /(?=[^\n]{0,20}[A-Za-z])([^\n]{3,40}?)\1{3}/;
const closers = /[\s)\]}>"'`;,:]/g;

/** `explicit`: the user asked by command, so only the number of lines is left to decide. */
export function planGhost(place: GhostPlace, chosen: MultilineMode, explicit: boolean): GhostPlan {
  const formula = place.formulas === true ? formulaAround(place) : undefined;
  const mode = formula?.isInline ? 'never' : chosen;
  const left = lineLeft(place.before);
  const right = lineRight(formula?.rest ?? place.after);
  if (!explicit) {
    if (isBlank(place.before) && isBlank(place.after)) return { kind: 'skip', rule: 'empty-document' };
    if (/\w$/.test(left) && /^\w/.test(right)) return { kind: 'skip', rule: 'inside-word' };
    if (right.replace(closers, '').length > fewCharacters)
      return { kind: 'skip', rule: 'text-right-of-cursor' };
  }
  if (!explicit && isBlank(right) && isEndedStatement(left)) return { kind: 'skip', rule: 'statement-ended' };
  const multiline = wantsSeveralLines(left, right, mode);
  return { kind: 'ask', multiline, stop: multiline ? ['\n\n'] : ['\n'] };
}

/** Ends with a semicolon that no bracket holds open, as that of a `for` would. */
function isEndedStatement(left: string): boolean {
  return /;\s*$/.test(left) && count(left, '(') <= count(left, ')');
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function wantsSeveralLines(left: string, right: string, mode: MultilineMode): boolean {
  const onlyClosersRight = right.replace(closers, '') === '';
  switch (mode) {
    case 'never':
      return false;
    case 'always':
      return onlyClosersRight;
    case 'auto':
      return onlyClosersRight && ((isBlank(left) && isBlank(right)) || /[([{:]$/.test(left.trimEnd()));
    default:
      return mode satisfies never;
  }
}

/** The part of `raw`, which goes on from the cursor, to show there; `text` is always a piece of `raw`. */
export function shapeGhost(raw: string, context: GhostContext): Ghost {
  if (context.formulas !== true) return shapeText(raw, context);
  // What closes the formula is no part of what is suggested in it.
  const after = formulaAround(context)?.rest ?? context.after;
  return shapeText(fitFormulas(raw, context), { ...context, after });
}

function shapeText(raw: string, context: GhostContext): Ghost {
  const left = lineLeft(context.before);
  const plain = raw.replaceAll('\r\n', '\n');
  const rest = cutEmptyLines(cutFence(plain, context.before), left);
  const lines = context.multiline ? cutBlock(rest, context.truncated) : cutLine(rest);
  if (isBlank(lines)) return { kind: 'nothing', rule: 'empty' };
  const kept = cutAtKnownLine(lines, left, context.after).trimEnd();
  const { text, replaceRight } = joinToRight(kept, pairUp(left, kept), context.after);
  const replaced = context.after.slice(0, replaceRight);
  // A space that the cut left over parts the suggestion from what follows it on the line.
  const shown = isBlank(lineRight(context.after).slice(replaceRight)) ? text.trimEnd() : text;
  if (isBlank(shown) || shown.trim() === replaced.trim()) return { kind: 'nothing', rule: 'repeats-suffix' };
  if (repeatsPrevious(shown, context.before)) return { kind: 'nothing', rule: 'repeats-previous' };
  if (loops.test(shown)) return { kind: 'nothing', rule: 'repeats-itself' };
  return { kind: 'text', text: shown, replaceRight };
}

/** Models trained on chats close a code block when they are done; that is text only where one is open. */
function cutFence(text: string, before: string): string {
  return /^\s*```/m.test(before) ? text : text.replace(/^[ \t]*```[\s\S]*/m, '');
}

/** On a blank line the answer begins there, and not beneath lines that it leaves empty. */
function cutEmptyLines(text: string, left: string): string {
  if (!isBlank(left)) return text;
  const rest = text.replace(/^(?:[ \t]*\n)+/, '');
  return rest !== text && rest.startsWith(left) ? rest.slice(left.length) : text;
}

function cutLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

/** Ends before a blank line, before a line said three times, and before a half line at the end. */
function cutBlock(text: string, truncated: boolean): string {
  const lines = text.split('\n');
  let count = 0;
  let said = false;
  for (const [index, line] of lines.entries()) {
    const loops = /\w/.test(line) && line === lines[index - 1] && line === lines[index - 2];
    if (loops || (said && isBlank(line))) break;
    said ||= !isBlank(line);
    count = index + 1;
  }
  const half = truncated && count === lines.length && !isBlank(lines.slice(0, -1).join('')) ? 1 : 0;
  return lines.slice(0, count - half).join('\n');
}

/** Ends before the line that follows the cursor's line in the document already. */
function cutAtKnownLine(text: string, left: string, after: string): string {
  const known = after
    .split('\n')
    .slice(1)
    .find((line) => !isBlank(line));
  if (known === undefined) return text;
  const pairing = pairUp(left, text);
  let start = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const whole = index === 0 ? left + line : line;
    const own = index > 0 || isBlank(lineRight(after));
    if (own && isSameLine(whole, known) && !tearsPair(pairing, start))
      return text.slice(0, Math.max(0, start - 1));
    start += line.length + 1;
  }
  return text;
}

/** Lines of closers must agree in their indentation too: it tells which block they close. */
function isSameLine(line: string, known: string): boolean {
  return /\w/.test(known) ? line.trim() === known.trim() : line.trimEnd() === known.trimEnd();
}

/** Fits the end of the completion to what stands right of the cursor, so that nothing is closed or said twice. */
function joinToRight(text: string, pairing: Pairing, after: string): { text: string; replaceRight: number } {
  const right = lineRight(after).trimEnd();
  const known = right.trim();
  for (let length = Math.min(text.length, after.length); length >= surelyRepeated; length--) {
    const cut = text.length - length;
    const found = text.endsWith(after.slice(0, length)) && !isBlank(after.slice(0, length));
    if (found && !tearsPair(pairing, cut)) return { text: text.slice(0, cut), replaceRight: 0 };
  }
  if (known === '') return { text, replaceRight: 0 };
  const tail = text.length - known.length;
  const onOwnLine = /\n[ \t]*$/.test(text.slice(0, tail));
  if (text.endsWith(known) && !tearsPair(pairing, tail) && !onOwnLine) {
    return { text: text.slice(0, tail), replaceRight: 0 };
  }
  const closing = [...text].filter(
    (character, at) => pairing.loose.includes(at) || /[;,:\s]/.test(character),
  );
  if (known.replace(closers, '') === '' && isSubsequence(right, closing))
    return { text, replaceRight: right.length };
  const doubled = pairing.loose.find((at) => text.charAt(at) === known.charAt(0));
  return { text: text.slice(0, doubled), replaceRight: 0 };
}

function isSubsequence(part: string, whole: readonly string[]): boolean {
  let found = 0;
  for (const character of whole) if (character === part.charAt(found)) found++;
  return found >= part.length;
}

/** Whether the completed lines say again what the lines just before them say. */
function repeatsPrevious(text: string, before: string): boolean {
  const left = lineLeft(before);
  const meaningful = (part: string): string[] =>
    part
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const completed = meaningful(left + text);
  const previous = meaningful(before.slice(0, before.length - left.length)).slice(-completed.length);
  return /\w/.test(completed.join('')) && completed.join('\n') === previous.join('\n');
}

function lineLeft(before: string): string {
  return before.slice(before.lastIndexOf('\n') + 1);
}

function lineRight(after: string): string {
  return cutLine(after);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
