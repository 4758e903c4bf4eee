/** What each expert would read for a completion, part by part: for people who wonder why it said what it said. */

import type { Prompt, ShownPart, ShownPrompt } from '../protocol/engine.ts';
import type { Tokenizer } from '../runtime/tokenizer.ts';
import { completionParts } from '../text/infill.ts';
import type { ReadyExpert } from './experts.ts';
import { encoderOf, withoutOpening } from './prompts.ts';

export function showPrompt(
  ready: readonly ReadyExpert[],
  prompt: Prompt & { readonly kind: 'infill' },
): readonly ShownPrompt[] {
  return ready.map(({ id, expert }) => {
    const { tokenizer, manifest } = expert;
    const { completion } = manifest;
    const { opening, prefix } = withoutOpening(prompt.prefix);
    const parts = completionParts(completion, { ...prompt, prefix }, encoderOf(expert));
    const beginning: ShownPart[] =
      tokenizer.beginning.length === 0
        ? []
        : [
            {
              kind: 'marker',
              tokens: tokenizer.beginning.length,
              text: textOf(tokenizer, tokenizer.beginning),
            },
          ];
    return {
      expert: id,
      most: completion.promptTokens,
      parts: [
        ...beginning,
        ...parts.map(({ ids, ...part }) => ({ ...part, tokens: ids.length, text: textOf(tokenizer, ids) })),
      ],
      opening,
    };
  });
}

function textOf(tokenizer: Tokenizer, ids: readonly number[]): string {
  return new TextDecoder().decode(Buffer.concat(ids.map((id) => tokenizer.bytes(id))));
}
