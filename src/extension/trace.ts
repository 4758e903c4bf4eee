/**
 * Why there was a suggestion, or none: the last requests for a completion, each with what was decided about it, and
 * the sentence that says so to the user. It keeps no text of the user's, only counts, times and rules.
 */

import { t } from '@vscode/l10n';
import type { FailureCode } from '../protocol/failure.ts';
import type { Certainty, Gated } from '../text/gate.ts';
import type { GhostRule, SkipRule } from '../text/ghost.ts';
import type { AcceptedCounts } from './acceptance.ts';
import { failureText } from './failure-text.ts';
import type { Subscription } from './listeners.ts';
import { createListeners } from './listeners.ts';

export type CancelStage = 'waiting' | 'starting' | 'generating';

export type SkipReason =
  | SkipRule
  | 'disabled'
  | 'language-disabled'
  | 'snoozed'
  | 'on-battery'
  | 'no-expert'
  /** By its name, or by what stands in it. */
  | 'secret-file'
  | 'secret-text';

export type Decision =
  | ({
      readonly kind: 'shown';
      readonly chars: number;
      readonly lines: number;
      /**
       * engine       what the experts answered just now
       * bytes        that too, by experts of different vocabularies
       * cache        what they answered at this place before
       * typed-ahead  the rest of an answer whose beginning was typed since
       * prefetched   what was asked for when the suggestion before was accepted
       */
      readonly from: 'engine' | 'bytes' | 'cache' | 'typed-ahead' | 'prefetched';
    } & Certainty)
  | { readonly kind: 'skipped'; readonly because: SkipReason }
  /** `stage` is what it was doing; `by` the editor, for the next key or a moved cursor, or a newer request. */
  | { readonly kind: 'cancelled'; readonly stage: CancelStage; readonly by: 'editor' | 'newer' }
  | { readonly kind: 'failed'; readonly code: FailureCode; readonly message: string }
  | { readonly kind: 'filtered'; readonly rule: GhostRule }
  /** There was one, and the experts were not sure enough of it, or of one mind. */
  | ({ readonly kind: 'gated' } & Gated);

export interface TraceEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly languageId: string;
  readonly trigger: 'typing' | 'command';
  readonly decision: Decision;
  readonly ms: number;
  /** How long was waited for the next key, at most, before the engine was asked; absent where it was not to be asked. */
  readonly pauseMs?: number;
  /** How many suggestions there were to choose from, where there were several. */
  readonly choices?: number;
}

export interface Trace {
  add(entry: TraceEntry): void;
  /** Newest first. */
  entries(): readonly TraceEntry[];
  onAdd(listener: (entry: TraceEntry) => void): Subscription;
}

export function createTrace(capacity = 200): Trace {
  const added = createListeners<TraceEntry>();
  let entries: readonly TraceEntry[] = [];
  return {
    add(entry) {
      entries = [entry, ...entries.slice(0, capacity - 1)];
      added.tell(entry);
    },
    entries: () => entries,
    onAdd: added.add,
  };
}

export function mixedByBytes(): string {
  return t(
    'Its experts have different vocabularies and were mixed byte by byte, which is exact but takes longer.',
  );
}

/** A plain sentence; for a missing suggestion it says what to do where something can be done. */
export function sentenceFor({
  decision,
  languageId,
  ms,
}: Pick<TraceEntry, 'decision' | 'languageId' | 'ms'>): string {
  switch (decision.kind) {
    case 'shown':
      return shownSentence(decision, ms);
    case 'skipped':
      return skipSentence(decision.because, languageId);
    case 'cancelled':
      return cancelSentence(decision, ms);
    case 'failed':
      return failureText(decision);
    case 'filtered':
      return filterSentence(decision.rule);
    case 'gated':
      return gateSentence(decision);
    default:
      return decision satisfies never;
  }
}

function shownSentence({ from, chars, lines }: Decision & { kind: 'shown' }, ms: number): string {
  const text = chars === 1 ? t('1 character') : t('{0} characters', chars);
  const height = lines === 1 ? t('1 line') : t('{0} lines', lines);
  const after = Math.round(ms);
  switch (from) {
    case 'engine':
      return t('A suggestion of {0} in {1} was shown after {2} ms.', text, height, after);
    case 'bytes':
      return `${t('A suggestion of {0} in {1} was shown after {2} ms.', text, height, after)} ${mixedByBytes()}`;
    case 'cache':
      return t('A suggestion of {0} in {1} was shown at once: it was asked for here before.', text, height);
    case 'typed-ahead':
      return t('The rest of the suggestion before was shown ({0}), because you typed its beginning.', text);
    case 'prefetched':
      return t(
        'A suggestion of {0} in {1} was shown after {2} ms: it was asked for when you accepted the one before.',
        text,
        height,
        after,
      );
    default:
      return from satisfies never;
  }
}

function skipSentence(because: SkipReason, languageId: string): string {
  switch (because) {
    case 'disabled':
      return t('Completions are turned off. Turn them on with "Chorus: Toggle Completions".');
    case 'language-disabled':
      return t('Completions are turned off for {0} in the setting chorus.completion.languages.', languageId);
    case 'snoozed':
      return t('Suggestions are snoozed. "Chorus: End Snooze" brings them back.');
    case 'on-battery':
      return t(
        'The machine runs on its battery, and the setting chorus.completion.onBattery is off. "Chorus: Complete Now" asks all the same.',
      );
    case 'secret-file':
      return t('This file is one that the setting chorus.secretFiles keeps from being read.');
    case 'secret-text':
      return t('The text around the cursor holds what looks like a key or a token, so it was not read on.');
    case 'no-expert':
      return t('No expert takes part. Choose one with "Chorus: Choose Experts".');
    case 'empty-document':
      return t(
        'The document is empty, so there was nothing to go on. "Chorus: Complete Now" asks all the same.',
      );
    case 'inside-word':
      return t('The cursor is inside a word. "Chorus: Complete Now" asks all the same.');
    case 'statement-ended':
      return t('The line ends with a finished statement, so none was asked for.');
    case 'text-right-of-cursor':
      return t('There is text right of the cursor on its line. "Chorus: Complete Now" asks all the same.');
    default:
      return because satisfies never;
  }
}

function cancelSentence({ stage, by }: Decision & { kind: 'cancelled' }, ms: number): string {
  const after = Math.round(ms);
  const isMoved = by === 'editor';
  switch (stage) {
    case 'waiting':
      return isMoved
        ? t(
            'You typed on or moved the cursor after {0} ms, before the pause in typing was over (at most that of chorus.completion.debounce).',
            after,
          )
        : t(
            'A newer request, for another place, took its turn after {0} ms, before the pause in typing was over (at most that of chorus.completion.debounce).',
            after,
          );
    case 'starting':
      return isMoved
        ? t(
            'You typed on or moved the cursor after {0} ms, while the engine was still starting or loading its experts.',
            after,
          )
        : t(
            'A newer request, for another place, took its turn after {0} ms, while the engine was still starting or loading its experts.',
            after,
          );
    case 'generating':
      return isMoved
        ? t('You typed on or moved the cursor after {0} ms, before the suggestion was ready.', after)
        : t(
            'A newer request, for another place, took its turn after {0} ms, before the suggestion was ready.',
            after,
          );
    default:
      return stage satisfies never;
  }
}

function filterSentence(rule: (Decision & { kind: 'filtered' })['rule']): string {
  switch (rule) {
    case 'empty':
      return t('The experts had nothing to add here.');
    case 'repeats-suffix':
      return t('The experts only repeated what stands after the cursor, so nothing was shown.');
    case 'repeats-previous':
      return t('The experts only repeated the lines before the cursor, so nothing was shown.');
    case 'repeats-itself':
      return t('The experts fell into a loop, so nothing was shown.');
    default:
      return rule satisfies never;
  }
}

function gateSentence({ by, value, least }: Decision & { kind: 'gated' }): string {
  switch (by) {
    case 'confidence':
      return t(
        'The experts were not sure enough of the suggestion: {0} a token on the first line, below the {1} of the setting chorus.completion.minConfidence. "Chorus: Complete Now" shows it all the same.',
        percent(value),
        percent(least),
      );
    case 'agreement':
      return t(
        'The experts disagreed about the suggestion: they were of one mind to {0} on the first line, below the {1} of the setting chorus.completion.minAgreement. "Chorus: Complete Now" shows it all the same.',
        percent(value),
        percent(least),
      );
    default:
      return by satisfies never;
  }
}

function percent(value: number): string {
  return `${Math.round(100 * value)} %`;
}

/** The whole trace as text, newest first, one request a line, with the figures behind each decision. */
export function traceReport(entries: readonly TraceEntry[], counts: AcceptedCounts): string {
  const lines = entries.map((entry) => {
    const time = new Date(entry.at).toISOString().slice(11, 23);
    const figures = figuresOf(entry);
    const why = figures === '' ? '' : ` [${figures}]`;
    return `${time}  ${entry.trigger.padEnd(7)}  ${entry.languageId.padEnd(12)}  ${sentenceFor(entry)}${why}`;
  });
  return [
    t('Requests for a suggestion, newest first (times in UTC):'),
    t(
      'Since the window was opened: {0} shown, {1} taken whole, {2} in part, {3} characters together.',
      counts.shown,
      counts.whole,
      counts.inPart,
      counts.characters,
    ),
    '',
    ...lines,
    '',
  ].join('\n');
}

function figuresOf({ decision, pauseMs, choices }: TraceEntry): string {
  const { confidence, agreement } = decision.kind === 'shown' ? decision : {};
  return [
    ...(pauseMs === undefined ? [] : [t('pause {0} ms', Math.round(pauseMs))]),
    ...(confidence === undefined ? [] : [t('confidence {0}', percent(confidence))]),
    ...(agreement === undefined ? [] : [t('agreement {0}', percent(agreement))]),
    ...(choices === undefined ? [] : [t('{0} to choose from', choices)]),
  ].join(', ');
}
