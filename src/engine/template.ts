/**
 * Chat templates (Jinja) come with models and are hostile until shown otherwise: they render in a process of their own,
 * bounded in time, memory and length. (A thread is no bound: running out of its memory can end the whole process.) What users wrote goes in as placeholders, so that it can never pose as markup.
 */

import { type ChildProcess, fork } from 'node:child_process';
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

export interface TemplateLimits {
  readonly milliseconds: number;
  /** Of JavaScript's heap. */
  readonly mebibytes: number;
  /** Of what the template writes. */
  readonly characters: number;
}

export const TEMPLATE_LIMITS: TemplateLimits = { milliseconds: 2000, mebibytes: 128, characters: 1_000_000 };

export const tooLong = ({ milliseconds }: TemplateLimits): string => `it ran longer than ${milliseconds} ms`;

export type TemplateAnswer =
  | { readonly kind: 'rendered'; readonly text: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface TemplateQuestion {
  readonly template: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly limits: TemplateLimits;
}

/** @param program the bundled renderer, dist/template-process.js */
export function createTemplateRenderer(
  program: string,
  limits: TemplateLimits = TEMPLATE_LIMITS,
): TemplateRenderer {
  let child: ChildProcess | undefined;
  let waiting: ((answer: TemplateAnswer) => void) | undefined;

  const settle = (answer: TemplateAnswer): void => {
    const resolve = waiting;
    waiting = undefined;
    resolve?.(answer);
  };
  const stop = (why: string): void => {
    child?.kill('SIGKILL');
    child = undefined;
    settle({ kind: 'failed', why });
  };
  const start = (): ChildProcess => {
    const renderer = fork(program, {
      execArgv: [`--max-old-space-size=${limits.mebibytes}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const fail = (why: string): void => {
      if (child !== renderer) return;
      child = undefined;
      settle({ kind: 'failed', why });
    };
    renderer.on('message', (answer) => {
      if (child === renderer) settle(answer as TemplateAnswer);
    });
    renderer.on('error', (error) => fail(error.message));
    renderer.on('exit', (code, signal) =>
      // V8 aborts when its heap is full; Windows knows no signals and gives a code of its own.
      fail(
        signal === 'SIGABRT' || (code ?? 0) > 100
          ? `it needs more than ${limits.mebibytes} MiB of memory`
          : `its renderer ended (${signal ?? `exit code ${code}`})`,
      ),
    );
    renderer.unref();
    renderer.channel?.unref();
    return renderer;
  };

  const ask = (question: TemplateQuestion): Promise<TemplateAnswer> =>
    new Promise((resolve) => {
      child ??= start();
      // The renderer bounds its own time; this is for one that no longer can.
      const timer = setTimeout(() => stop(tooLong(limits)), 2 * limits.milliseconds);
      waiting = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      child.send(question);
    });

  let last: Promise<unknown> = Promise.resolve();
  return {
    async render({ template, names, messages, file }) {
      const renderFrom = (written: readonly WrittenMessage[]): Promise<TemplateAnswer> => {
        const variables = { ...names, messages: written, add_generation_prompt: true };
        const turn = last.then(() => ask({ template, variables, limits }));
        last = turn.catch(() => {});
        return turn;
      };
      const written = messages.map(({ role }, i) => ({ role, content: `${OPEN}${i}${CLOSE}` }));
      let answer = await renderFrom(written);
      if (answer.kind === 'failed' && answer.why !== tooLong(limits)) {
        const others = withoutSystem(written);
        const second = others && (await renderFrom(others));
        if (second?.kind === 'rendered') answer = second;
      }
      if (answer.kind === 'failed') {
        throw new ChorusError(
          'template-invalid',
          `The chat template in ${file} cannot be used: ${answer.why}. Use another model, or correct its template.`,
          file,
        );
      }
      return pieces(answer.text, messages);
    },
    dispose: () => stop('the engine was closed'),
  };
}

/** ChatML, for models that have its tokens and no template. */
export const chatMl =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}";

/** Plain text, for models that were never taught to chat. */
export const plainChat =
  "{% for message in messages %}{{ message.role + ': ' + message.content + '\\n' }}{% endfor %}{{ 'assistant: ' }}";

interface WrittenMessage {
  readonly role: ChatMessage['role'];
  readonly content: string;
}

/**
 * For templates that refuse system messages (Gemma 2, Mistral): what one says goes before the first question, as the makers of
 * such models advise. Undefined where there is none.
 */
function withoutSystem(messages: readonly WrittenMessage[]): WrittenMessage[] | undefined {
  const [system, next, ...others] = messages;
  if (system?.role !== 'system') return undefined;
  if (next?.role !== 'user') return [{ ...system, role: 'user' }, ...(next ? [next] : []), ...others];
  return [{ ...next, content: `${system.content}\n\n${next.content}` }, ...others];
}

function pieces(text: string, messages: readonly ChatMessage[]): PromptPiece[] {
  return text.split(placeholder).flatMap((part, i): PromptPiece[] => {
    if (i % 2 === 0) return part === '' ? [] : [{ kind: 'markup', text: part }];
    const message = Number(part);
    return [{ kind: 'content', text: messages[message]?.content ?? '', message }];
  });
}
