/** What the experts take of the memory that there is for them. */

import type { MixState } from '../../src/protocol/mix.ts';
import { part } from '../chat/share-bar.ts';
import { toneOf } from '../chat/tones.ts';
import { t } from '../language.ts';

export function showMemory(bar: HTMLElement, text: HTMLElement, { experts, memory }: MixState): void {
  const ids = experts.map(({ id }) => id);
  const loaded = experts.flatMap(({ id, name, memoryBytes = 0 }) =>
    memoryBytes > 0 ? [{ id, name, bytes: memoryBytes }] : [],
  );
  const used = loaded.reduce((sum, { bytes }) => sum + bytes, 0);
  const left = Math.max(0, Math.min(memory.free, (memory.limit ?? Number.POSITIVE_INFINITY) - used));
  bar.replaceChildren(...loaded.map(({ id, bytes }) => part(toneOf(id, ids), bytes)), part('free', left));
  const each = loaded.map(({ name, bytes }) => `${name} ${bytesText(bytes)}`);
  const taken = used === 0 ? t('No expert is loaded') : each.join(t(', '));
  const sentence =
    memory.limit === undefined
      ? t('{0}; {1} are free.', taken, bytesText(left))
      : t(
          '{0}; {1} are free of the {2} that the settings allow.',
          taken,
          bytesText(left),
          bytesText(memory.limit),
        );
  text.textContent = sentence;
  bar.setAttribute('aria-label', sentence);
}

function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
