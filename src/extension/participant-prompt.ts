/** A turn of the native chat with @chorus as messages for the experts: the command's words, what is attached, what was said before. */

import type { ChatMessage } from '../protocol/engine.ts';
import { type ActionName, actionPrompt, fenced, formulaAction } from './action-prompts.ts';
import { type Exchange, earlierMessages } from './earlier-messages.ts';

export interface Attachment {
  readonly text: string;
  readonly language: string;
  readonly file: string;
}

export interface ParticipantTurn {
  /** What the user wrote after the command. */
  readonly prompt: string;
  readonly command: string | undefined;
  readonly attachments: readonly Attachment[];
  readonly history: readonly Exchange[];
}

export interface ParticipantPrompt {
  readonly messages: readonly ChatMessage[];
  /** Files of which something was left out for want of room. */
  readonly cut: readonly string[];
}

/** The commands of the manifest; `formula` goes to code or from it. */
export const participantCommands = ['explain', 'fix', 'tests', 'document', 'simplify', 'formula'] as const;

/** `room` is in characters. Attachments go before earlier turns: they were chosen for this question. */
export function participantPrompt(
  { prompt, command, attachments, history }: ParticipantTurn,
  room: number,
): ParticipantPrompt {
  const cut: string[] = [];
  let left = room - prompt.length;
  const fitting = attachments.flatMap((attachment) => {
    const text = attachment.text.slice(0, Math.max(0, left));
    left -= text.length;
    if (text.length < attachment.text.length) cut.push(attachment.file);
    return text === '' ? [] : [{ ...attachment, text }];
  });
  const question = questionOf(command, prompt, fitting);
  const earlier = earlierMessages(history, Math.max(0, left));
  return { messages: [...earlier, { role: 'user', content: question }], cut };
}

function questionOf(command: string | undefined, prompt: string, attachments: readonly Attachment[]): string {
  const [first, ...others] = attachments;
  const text = first?.text ?? prompt;
  const language = first?.language ?? 'plaintext';
  const about = { text, language, file: first?.file ?? 'the text', wish: first === undefined ? '' : prompt };
  const named = (one: Attachment): string => `${one.file}:\n\n${fenced(one.text, one.language)}`;
  const action = actionOf(command, about);
  const parts =
    action === undefined
      ? [...attachments.map(named), prompt]
      : [actionPrompt(action, about), ...others.map(named)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function actionOf(
  command: string | undefined,
  about: { readonly text: string; readonly language: string },
): ActionName | undefined {
  const known = participantCommands.find((name) => name === command);
  return known === 'formula' ? formulaAction(about) : known;
}
