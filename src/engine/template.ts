/**
 * Chat templates (Jinja) come with models and are hostile until shown otherwise: they render in a thread of their own,
 * bounded in time, memory and length. What users wrote goes in as placeholders, so that it can never pose as markup.
 */

import { Worker } from 'node:worker_threads';
import type { ChatMessage } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';

export interface TemplateInput {
  readonly template: string;
  readonly names: Readonly<Record<string, string>>;
  readonly messages: readonly ChatMessage[];
  /** For error messages. */
  readonly file: string;
}

/** A rendered prompt in pieces: the template's own text, in which special tokens count, and message contents. */
export type PromptPiece =
  | { readonly kind: 'markup'; readonly text: string }
  | { readonly kind: 'content'; readonly text: string; readonly message: number };

export interface TemplateRenderer {
  render(input: TemplateInput): Promise<PromptPiece[]>;
  dispose(): void;
}

/** Private-use characters no template writes itself; between them stands the message's number. */
const OPEN = '\u{F0000}';
const CLOSE = '\u{F0001}';
const placeholder = /\u{F0000}(\d+)\u{F0001}/u;

export const TEMPLATE_LIMITS = { milliseconds: 2000, mebibytes: 128, characters: 1_000_000 } as const;

export type TemplateAnswer =
  | { readonly kind: 'rendered'; readonly text: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface TemplateQuestion {
  readonly template: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** @param workerFile the bundled thread, dist/template-worker.js */
export function createTemplateRenderer(workerFile: string): TemplateRenderer {
  let worker: Worker | undefined;
  let waiting: ((answer: TemplateAnswer) => void) | undefined;

  const settle = (answer: TemplateAnswer): void => {
    const resolve = waiting;
    waiting = undefined;
    resolve?.(answer);
  };
  const stop = (): void => {
    void worker?.terminate();
    worker = undefined;
  };
  const start = (): Worker => {
    const thread = new Worker(workerFile, {
      resourceLimits: { maxOldGenerationSizeMb: TEMPLATE_LIMITS.mebibytes, maxYoungGenerationSizeMb: 16 },
    });
    const fail = (why: string): void => {
      if (worker !== thread) return;
      worker = undefined;
      settle({ kind: 'failed', why });
    };
    thread.on('message', settle);
    thread.on('error', (error) => fail(error instanceof Error ? error.message : String(error)));
    thread.on('exit', () => fail('its thread ended'));
    thread.unref();
    return thread;
  };

  const ask = (question: TemplateQuestion): Promise<TemplateAnswer> =>
    new Promise((resolve) => {
      worker ??= start();
      const timer = setTimeout(() => {
        stop();
        settle({ kind: 'failed', why: `it ran longer than ${TEMPLATE_LIMITS.milliseconds} ms` });
      }, TEMPLATE_LIMITS.milliseconds);
      waiting = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      worker.postMessage(question);
    });

  let last: Promise<unknown> = Promise.resolve();
  return {
    async render({ template, names, messages, file }) {
      const variables = {
        ...names,
        messages: messages.map(({ role }, i) => ({ role, content: `${OPEN}${i}${CLOSE}` })),
        add_generation_prompt: true,
      };
      const turn = last.then(() => ask({ template, variables }));
      last = turn;
      const answer = await turn;
      if (answer.kind === 'failed') {
        throw new ChorusError(
          'template-invalid',
          `The chat template in ${file} cannot be used: ${answer.why}. Use another model, or correct its template.`,
          file,
        );
      }
      return pieces(answer.text, messages);
    },
    dispose: stop,
  };
}

/** ChatML, for models that have its tokens and no template. */
export const chatMl =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}";

/** Plain text, for models that were never taught to chat. */
export const plainChat =
  "{% for message in messages %}{{ message.role + ': ' + message.content + '\\n' }}{% endfor %}{{ 'assistant: ' }}";

function pieces(text: string, messages: readonly ChatMessage[]): PromptPiece[] {
  return text.split(placeholder).flatMap((part, i): PromptPiece[] => {
    if (i % 2 === 0) return part === '' ? [] : [{ kind: 'markup', text: part }];
    const message = Number(part);
    return [{ kind: 'content', text: messages[message]?.content ?? '', message }];
  });
}
