/** Suggestions put off for a while, or until the window is opened anew. */

import { t } from '@vscode/l10n';
import { timeText } from './language.ts';
import { createListeners, type Subscription } from './listeners.ts';

/** Milliseconds since 1970, or until the window is opened anew. */
export type SnoozeEnd = number | 'restart';

export interface Snooze {
  start(minutes: number | 'restart'): void;
  end(): void;
  /** Undefined where suggestions are not put off. */
  until(): SnoozeEnd | undefined;
  /** Also called when the time is over. */
  onChange(listener: () => void): Subscription;
}

export interface SnoozeClock {
  now(): number;
  /** Resolves early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export function createSnooze({ now, pause }: SnoozeClock): Snooze {
  const changed = createListeners<void>();
  let end: SnoozeEnd | undefined;
  let waiting = new AbortController();
  const become = (next: SnoozeEnd | undefined): void => {
    waiting.abort();
    waiting = new AbortController();
    end = next;
    changed.tell();
  };
  return {
    start(minutes) {
      if (minutes === 'restart') return become('restart');
      const ms = minutes * 60_000;
      become(now() + ms);
      const { signal } = waiting;
      void pause(ms, signal).then(() => {
        if (!signal.aborted) become(undefined);
      });
    },
    end: () => become(undefined),
    until: () => (typeof end === 'number' && end <= now() ? undefined : end),
    onChange: changed.add,
  };
}

/** The end as people write it. */
export function snoozeEndText(end: SnoozeEnd): string {
  if (end === 'restart') return t('the window is opened anew');
  return timeText(end, { hour: '2-digit', minute: '2-digit' });
}
