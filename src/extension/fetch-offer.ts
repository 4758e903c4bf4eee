/** When and how the editor offers to fetch a model, and how far a fetch is. Without the editor. */

import { t } from '@vscode/l10n';
import type { Offer } from '../models/offer.ts';
import type { ObtainProgress } from '../protocol/obtain.ts';

/** What became of an earlier offer, as it is remembered between windows. */
export type Remembered =
  /** The pocket experts were chosen. */
  | { readonly kind: 'declined' }
  /** Put off at this time, in ms since 1970. */
  | { readonly kind: 'later'; readonly since: number };

const WEEK = 7 * 24 * 60 * 60 * 1000;

/** Whether the offer may come unasked: once in a window, and not where the answer is known. */
export function mayOffer({
  isThere,
  offline,
  remembered,
  now,
}: {
  readonly isThere: boolean;
  readonly offline: boolean;
  readonly remembered: Remembered | undefined;
  readonly now: number;
}): boolean {
  if (isThere || offline) return false;
  switch (remembered?.kind) {
    case undefined:
      return true;
    case 'declined':
      return false;
    case 'later':
      return Math.abs(now - remembered.since) > WEEK;
    default:
      return remembered satisfies never;
  }
}

/** What was remembered, checked: it comes from a file. */
export function rememberedOf(value: unknown): Remembered | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  if (value.kind === 'declined') return { kind: 'declined' };
  if (value.kind === 'later' && 'since' in value && typeof value.since === 'number') {
    return { kind: 'later', since: value.since };
  }
  return undefined;
}

export function offerSentence({ name, size, licence, sources }: Offer): string {
  return t(
    'Chorus answers with its pocket experts, which are tiny. {0} is 25 times as large, and runs on this machine too. To fetch: {1}; licence {2}; from {3}.',
    name,
    size,
    licence,
    sources.join(t(', or else ')),
  );
}

/** Of the whole: fetching is most of it on most networks. */
const share = { fetching: 0.7, converting: 0.3 } as const;

/** How far fetching and converting are together, in [0, 1]. */
export function overall({ stage, fraction }: ObtainProgress): number {
  switch (stage) {
    case 'fetching':
      return share.fetching * fraction;
    case 'converting':
      return share.fetching + share.converting * fraction;
    default:
      return stage satisfies never;
  }
}
