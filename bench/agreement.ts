/** How often two forms of one model, a conversion and a reference for instance, find the same next token likeliest. */

import { join } from 'node:path';
import type { Precision } from '../src/protocol/engine.ts';
import { type LoadedExpert, openExpert } from '../src/runtime/expert.ts';
import { startChild } from './peers/child.ts';

export interface AgreementOptions {
  /** Folders, or GGUF files. */
  readonly first: string;
  readonly second: string;
  /** Of the first and of the second. */
  readonly precisions: readonly [Precision, Precision];
  readonly programs: string;
  /** peers/llama.mjs, where llama.cpp is to read the second: a GGUF file. */
  readonly llama?: string;
}

/** What reads one of the two. */
interface Reader {
  /** The likeliest token after `ids`. */
  next(ids: readonly number[]): Promise<number>;
  dispose(): Promise<void>;
}

export interface Agreement {
  readonly rows: readonly {
    readonly prompt: string;
    readonly 'next of the first': string;
    readonly 'next of the second': string;
    /** Along the first tokens of the second's own answer. */
    readonly 'along the answer': string;
  }[];
  readonly kinds: readonly {
    readonly kind: string;
    /** Prompts after which both find the same token likeliest. */
    readonly same: number;
    readonly prompts: number;
    /** Prompts whose answers are the same in all of their first ten tokens, or up to their end. */
    readonly alike: number;
    /** Positions with the same likeliest token, given the second's answer so far. */
    readonly along: number;
    readonly positions: number;
  }[];
}

const ANSWER = 10;
const THREADS = 2;

/** Text that goes on. */
const beginnings = [
  'The capital of France is',
  'The largest planet of the solar system is',
  'Water boils at a temperature of 100 degrees',
  'William Shakespeare wrote the play "Romeo and',
  'The opposite of hot is',
  'In 1969, Neil Armstrong became the first person to walk on the',
  'The chemical symbol for gold is',
  'Photosynthesis is the process by which plants turn sunlight into',
  'Once upon a time, in a small village by the sea, there lived an old',
  'A triangle with three equal sides is called',
  'Two plus two equals',
  'What is 7 times 8? The answer is',
  'There are 60 minutes in an hour, so in three hours there are',
  'def add(a, b):\n    return a +',
  'for (let i = 0; i < items.length; i',
  'import numpy as',
  'function isEven(n) {\n  return n % 2 ===',
  'if __name__ == "__main',
  'SELECT name, age FROM users WHERE age >',
  'const numbers = [1, 2, 3];\nconst doubled = numbers.map((n) => n *',
];

/** As an assistant is asked, in ChatML. */
const questions = [
  'What is the capital of France?',
  'What is the largest planet of the solar system?',
  'Who wrote Romeo and Juliet?',
  'What is the opposite of hot?',
  'Who was the first person to walk on the moon?',
  'What is the chemical symbol for gold?',
  'What is photosynthesis?',
  'Tell me a short story about a dog.',
  'What is a triangle with three equal sides called?',
  'What is 2 + 2?',
  'What is 7 times 8?',
  'How many minutes are there in three hours?',
  'Write a Python function that adds two numbers.',
  'What does a for loop do?',
  'How do I reverse a list in Python?',
  'Write a function in JavaScript that says whether a number is even.',
  'What is a primary key in a database?',
  'Explain recursion in one sentence.',
  'Name three primary colours.',
  'How do I boil an egg?',
];

const chatted = (question: string): string =>
  `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;

export async function measureAgreement(options: AgreementOptions): Promise<Agreement> {
  const { first, second, precisions, programs, llama } = options;
  const one = await openOne(first, precisions[0], programs);
  const readers: Reader[] = [ours(one)];
  try {
    const { tokenizer, endTokens } = one;
    if (llama !== undefined) {
      readers.push(await llamas(llama, second));
    } else {
      const other = await openOne(second, precisions[1], programs);
      readers.push(ours(other));
      if (other.tokenizer.hash !== tokenizer.hash) {
        throw new Error('The two have different tables of tokens, so that their tokens cannot be compared.');
      }
    }
    const text = (id: number): string => JSON.stringify(new TextDecoder().decode(tokenizer.bytes(id)));
    const rows: Agreement['rows'][number][] = [];
    const measure = async (kind: string, prompts: readonly string[], whole: (prompt: string) => string) => {
      const sums = { kind, same: 0, alike: 0, prompts: prompts.length, along: 0, positions: 0 };
      for (const prompt of prompts) {
        const ids = [...tokenizer.encodeWithSpecials(whole(prompt))];
        const answers: number[][] = [];
        for (let i = 0; i < ANSWER; i++) {
          const next: number[] = [];
          for (const reader of readers) next.push(await reader.next(ids));
          answers.push(next);
          const [, yours = 0] = next;
          if (endTokens.has(yours)) break;
          ids.push(yours);
        }
        const [a = 0, b = 0] = answers[0] ?? [];
        const along = answers.filter(([mine, yours]) => mine === yours).length;
        if (a === b) sums.same++;
        if (along === answers.length) sums.alike++;
        sums.along += along;
        sums.positions += answers.length;
        rows.push({
          prompt: prompt.replaceAll('\n', '\\n').slice(0, 60),
          'next of the first': text(a),
          'next of the second': text(b),
          'along the answer': `${along} of ${answers.length}`,
        });
      }
      return sums;
    };
    const kinds = [await measure('text that goes on', beginnings, (prompt) => prompt)];
    if (tokenizer.specialId('<|im_start|>') !== undefined) {
      kinds.push(await measure('questions in a chat', questions, chatted));
    }
    return { rows, kinds };
  } finally {
    for (const reader of readers) await reader.dispose();
  }
}

function openOne(folder: string, precision: Precision, programs: string): Promise<LoadedExpert> {
  return openExpert({
    name: 'measured',
    folder,
    precision,
    threads: 1,
    workerFile: join(programs, 'worker.js'),
    cacheFolder: join(programs, '..', '.cache', 'bench'),
  });
}

function ours(expert: LoadedExpert): Reader {
  return {
    async next(ids) {
      const answer = await expert.logits(Int32Array.from(ids), { rows: 1 });
      if (answer === 'cancelled') throw new Error('cancelled');
      const { logits } = answer;
      return logits.indexOf(logits.reduce((most, z) => Math.max(most, z), Number.NEGATIVE_INFINITY));
    },
    dispose: () => expert.dispose(),
  };
}

async function llamas(program: string, model: string): Promise<Reader> {
  const child = await startChild('llama.cpp', program, {
    models: [model],
    threads: THREADS,
    longest: 256,
    programs: '',
    cacheFolder: '',
  });
  return {
    async next(ids) {
      const { ids: answer } = await child.answer({ prompt: ids, tokens: 1, warm: false });
      return answer[0] ?? -1;
    },
    dispose: () => child.end(),
  };
}
