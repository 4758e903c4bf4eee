/**
 * One completion at a time, without the editor: when to ask, when to wait, when to give up an earlier request, what of
 * the answer to show, and a trace of each decision. Every failure ends here as "no suggestion".
 */

import { untilAborted } from '../protocol/abort.ts';
import type { Delta, GenerateOutcome, GenerateRequest } from '../protocol/engine.ts';
import type { CallOptions } from '../protocol/rpc.ts';
import { type GhostPlace, planGhost, shapeGhost } from '../text/ghost.ts';
import { type WindowSize, windowAround } from '../text/window.ts';
import type { SettingValues } from './setting-rules.ts';
import type { CancelStage, Decision, Trace } from './trace.ts';

/** Lines end with `\n` here, whatever they end with in the document. */
export interface CompletionQuery extends GhostPlace {
  /** Names the document and the part of it that `before` begins with. */
  readonly document: string;
  readonly languageId: string;
  /** The file's name, or its path in the repository; a hint for the experts. */
  readonly file: string;
  /** The repository's name, where it is known. */
  readonly repository?: string | undefined;
  /** Asked by command rather than by typing. */
  readonly explicit: boolean;
  /** The entry selected in the list of suggestions: its text stands in for `left` and `right` characters at the cursor. */
  readonly selected: { readonly text: string; readonly left: number; readonly right: number } | undefined;
}

/** `text` stands in for `left` characters before the cursor and `right` after it, all on the cursor's line. */
export interface Suggestion {
  readonly text: string;
  readonly left: number;
  readonly right: number;
}

export interface CompletionDependencies {
  settings(): SettingValues;
  generate(request: GenerateRequest, options: CallOptions<Delta>): Promise<GenerateOutcome>;
  /** Whether a request would wait for the engine or its experts just now. */
  isStarting(): boolean;
  /** Resolves early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
  readonly trace: Trace;
}

export interface CompletionSession {
  /** Never rejects. Gives up at once when `signal` aborts or a newer query comes. */
  suggest(query: CompletionQuery, signal: AbortSignal): Promise<Suggestion | undefined>;
}

/**
 * About 1,400 tokens at the 2.9 characters a token of a vocabulary of 4,096 on TypeScript. The engine takes of it what
 * is useful to each expert; reading more would only cost it time at every keystroke.
 */
export const completionWindow: WindowSize = { prefixChars: 4000, suffixChars: 1200 };

interface Shown extends GhostPlace {
  readonly document: string;
  readonly text: string;
  readonly replaceRight: number;
}

type Answer =
  | {
      readonly decision: Decision & { readonly kind: 'shown' };
      readonly text: string;
      readonly replaceRight: number;
    }
  | { readonly decision: Exclude<Decision, { readonly kind: 'shown' }> };

export function createCompletionSession(dependencies: CompletionDependencies): CompletionSession {
  const { trace, now } = dependencies;
  let newest: AbortController | undefined;
  let shown: Shown | undefined;

  const decide = async (query: CompletionQuery, place: GhostPlace, signal: AbortSignal): Promise<Answer> => {
    const values = dependencies.settings();
    const refused = refusal(query, values);
    if (refused !== undefined) return { decision: refused };
    const rest = restOf(shown, query.document, place);
    if (rest !== undefined) return answerOf(rest.text, rest.replaceRight, 'typed-ahead');
    const plan = planGhost(place, values['completion.multiline'], query.explicit);
    if (plan.kind === 'skip') return { decision: { kind: 'skipped', because: plan.rule } };
    if (!query.explicit) await dependencies.pause(values['completion.debounce'], signal);
    if (signal.aborted) return cancelled('waiting');
    return ask(dependencies, requestFor(query, place, plan.stop, values), {
      place,
      multiline: plan.multiline,
      signal,
    });
  };

  return {
    async suggest(query, signal) {
      newest?.abort();
      const mine = new AbortController();
      newest = mine;
      const start = now();
      const place = withSelected(query);
      const answer = await decide(query, place, AbortSignal.any([signal, mine.signal]));
      const { decision } = answer;
      trace.add({
        at: start,
        languageId: query.languageId,
        trigger: query.explicit ? 'command' : 'typing',
        decision,
        ms: now() - start,
      });
      if (!('text' in answer)) return undefined;
      shown = { ...place, document: query.document, text: answer.text, replaceRight: answer.replaceRight };
      const { text = '', left = 0, right = 0 } = query.selected ?? {};
      return { text: text + answer.text, left, right: right + answer.replaceRight };
    },
  };
}

function refusal(
  query: CompletionQuery,
  values: SettingValues,
): (Decision & { kind: 'skipped' }) | undefined {
  if (!values['completion.enabled'] && !query.explicit) return { kind: 'skipped', because: 'disabled' };
  if (values['completion.languages'][query.languageId] === false && !query.explicit) {
    return { kind: 'skipped', because: 'language-disabled' };
  }
  if (values['experts.active'].length === 0) return { kind: 'skipped', because: 'no-expert' };
  return undefined;
}

/** The document as it would be with the selected entry accepted: what is suggested then goes on from that entry. */
function withSelected({ before, after, selected }: CompletionQuery): GhostPlace {
  if (selected === undefined) return { before, after };
  const kept = before.slice(0, before.length - selected.left);
  return { before: kept + selected.text, after: after.slice(selected.right) };
}

/** What is left of the suggestion shown last when the user has typed its beginning and changed nothing else. */
function restOf(
  shown: Shown | undefined,
  document: string,
  place: GhostPlace,
): { readonly text: string; readonly replaceRight: number } | undefined {
  if (shown === undefined || shown.document !== document || shown.after !== place.after) return undefined;
  if (!place.before.startsWith(shown.before)) return undefined;
  const typed = place.before.slice(shown.before.length);
  const text = shown.text.slice(typed.length);
  return shown.text.startsWith(typed) && text.trim() !== ''
    ? { text, replaceRight: shown.replaceRight }
    : undefined;
}

function requestFor(
  { file, repository }: Pick<CompletionQuery, 'file' | 'repository'>,
  { before, after }: GhostPlace,
  stop: readonly string[],
  values: SettingValues,
): GenerateRequest {
  const { prefix, suffix } = windowAround(before + after, before.length, completionWindow);
  return {
    surface: 'completion',
    prompt: { kind: 'infill', prefix, suffix, file, ...(repository !== undefined && { repository }) },
    maxTokens: values['completion.maxTokens'],
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
    stop,
    accelerate: 'lookup',
    route: values['mix.route'],
    trace: false,
  };
}

async function ask(
  dependencies: CompletionDependencies,
  request: GenerateRequest,
  { place, multiline, signal }: { place: GhostPlace; multiline: boolean; signal: AbortSignal },
): Promise<Answer> {
  let stage: CancelStage = dependencies.isStarting() ? 'starting' : 'generating';
  const onUpdate = (): void => {
    stage = 'generating';
  };
  // The engine may hand back what it has a little later; nobody waits for that here.
  const outcome = await untilAborted(dependencies.generate(request, { signal, onUpdate }), signal).catch(
    () => undefined,
  );
  if (outcome === undefined || signal.aborted) return cancelled(stage);
  if (outcome.kind === 'failed') {
    const { code, message } = outcome.failure;
    return code === 'cancelled' ? cancelled(stage) : { decision: { kind: 'failed', code, message } };
  }
  const { text, stop, unit } = outcome.result;
  if (stop === 'cancelled') return cancelled(stage);
  const ghost = shapeGhost(text, { ...place, multiline, truncated: stop === 'length' });
  if (ghost.kind === 'nothing') return { decision: { kind: 'filtered', rule: ghost.rule } };
  return answerOf(ghost.text, ghost.replaceRight, unit === 'byte' ? 'bytes' : 'engine');
}

function answerOf(text: string, replaceRight: number, from: (Decision & { kind: 'shown' })['from']): Answer {
  return {
    decision: { kind: 'shown', chars: text.length, lines: text.split('\n').length, from },
    text,
    replaceRight,
  };
}

function cancelled(stage: CancelStage): Answer {
  return { decision: { kind: 'cancelled', stage } };
}
