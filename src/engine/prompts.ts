/** From a request's prompt to one expert's own token ids. */

import type { Prompt } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { LoadedExpert } from '../runtime/expert.ts';
import type { Tokenizer } from '../runtime/tokenizer.ts';
import { completionPrompt, openingOf, type PromptEncoder } from '../text/infill.ts';
import { chatMl, type PromptPiece, plainChat, type TemplateRenderer } from './template.ts';

export interface ExpertPrompt {
  readonly ids: Int32Array;
  /** The first token that belongs to what was asked now; earlier ones are old turns. */
  readonly askedFrom: number;
  /** Text of the user's that was taken off the end, for the answer to begin with. */
  readonly opening: string;
}

/** What a prompt is made by. */
export type PromptedExpert = Pick<
  LoadedExpert,
  'name' | 'tokenizer' | 'manifest' | 'contextLength' | 'templateFile'
>;

/** Rejects with a `ChorusError` where the prompt is empty or too long for the expert, or its template is unusable. */
export async function promptFor(
  expert: PromptedExpert,
  prompt: Prompt,
  templates: TemplateRenderer,
): Promise<ExpertPrompt> {
  const { ids, askedFrom, opening } = await encodePrompt(expert, prompt, templates);
  if (ids.length === 0) {
    throw new ChorusError(
      'request-invalid',
      'The prompt is empty. Write something for the experts to continue.',
    );
  }
  if (ids.length >= expert.contextLength) {
    throw new ChorusError(
      'context-full',
      `The prompt has ${ids.length} tokens, and '${expert.name}' reads at most ${expert.contextLength}. Shorten it or start a new chat.`,
    );
  }
  return { ids: Int32Array.from(ids), askedFrom, opening };
}

interface Encoded {
  readonly ids: readonly number[];
  readonly askedFrom: number;
  readonly opening: string;
}

async function encodePrompt(
  expert: PromptedExpert,
  prompt: Prompt,
  templates: TemplateRenderer,
): Promise<Encoded> {
  const { tokenizer } = expert;
  switch (prompt.kind) {
    case 'text':
      return { ids: begun(tokenizer, tokenizer.encodeWithSpecials(prompt.text)), askedFrom: 0, opening: '' };
    case 'infill': {
      const { opening, prefix } = withoutOpening(prompt.prefix);
      const ids = completionPrompt(expert.manifest.completion, { ...prompt, prefix }, encoderOf(expert));
      // Nothing but the opening: then the prompt is that.
      return ids.length === 0
        ? { ids: begun(tokenizer, tokenizer.encode(opening)), askedFrom: 0, opening: '' }
        : { ids: begun(tokenizer, ids), askedFrom: 0, opening };
    }
    case 'messages': {
      const pieces = await templates.render({
        template:
          tokenizer.chatTemplate ?? (tokenizer.specialId('<|im_start|>') === undefined ? plainChat : chatMl),
        names: tokenizer.names,
        messages: prompt.messages,
        file: expert.templateFile,
      });
      const asked = prompt.messages.findLastIndex(({ role }) => role === 'user');
      const encoded = encodePieces(pieces, asked, tokenizer);
      // A template of the model's own writes what its chats begin with itself.
      if (tokenizer.chatTemplate !== undefined) return encoded;
      const ids = begun(tokenizer, encoded.ids);
      return { ...encoded, ids, askedFrom: encoded.askedFrom + ids.length - encoded.ids.length };
    }
    default:
      return prompt satisfies never;
  }
}

/** The prefix without what the answer should write again. */
export function withoutOpening(text: string): { readonly opening: string; readonly prefix: string } {
  const opening = openingOf(text);
  return { opening, prefix: text.slice(0, text.length - opening.length) };
}

/** `ids` after the tokens with which the model expects a text to begin; nothing stays nothing. */
function begun({ beginning }: Tokenizer, ids: readonly number[]): readonly number[] {
  return ids.length === 0 || beginning.every((token, i) => ids[i] === token) ? ids : [...beginning, ...ids];
}

/** Text between two special tokens is encoded as a whole, wherever it came from, as the model was trained. */
function encodePieces(pieces: readonly PromptPiece[], asked: number, tokenizer: Tokenizer): Encoded {
  const ids: number[] = [];
  let text = '';
  let askedFrom = 0;
  const flush = (): void => {
    for (const id of tokenizer.encode(text)) ids.push(id);
    text = '';
  };
  for (const piece of pieces) {
    if (piece.kind === 'content') {
      if (piece.message === asked) askedFrom = ids.length;
      text += piece.text;
      continue;
    }
    for (const part of tokenizer.splitSpecials(piece.text)) {
      if (typeof part === 'string') text += part;
      else {
        flush();
        ids.push(part);
      }
    }
  }
  flush();
  return { ids, askedFrom, opening: '' };
}

export function encoderOf({ tokenizer, name }: Pick<LoadedExpert, 'tokenizer' | 'name'>): PromptEncoder {
  return {
    encode: (text) => tokenizer.encode(text),
    special(token) {
      const id = tokenizer.specialId(token);
      if (id !== undefined) return id;
      throw new ChorusError(
        'config-invalid',
        `The manifest of '${name}' names the special token '${token}', which its tokenizer does not have. Correct chorus.json.`,
      );
    },
  };
}
