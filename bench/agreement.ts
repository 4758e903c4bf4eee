/** How often two forms of one model, a conversion and a reference for instance, find the same next token likeliest. */

import { join } from 'node:path';
import type { Precision } from '../src/protocol/engine.ts';
import { type LoadedExpert, openExpert } from '../src/runtime/expert.ts';

export interface AgreementOptions {
  /** Folders, or GGUF files. */
  readonly first: string;
  readonly second: string;
  /** Of the first and of the second. */
  readonly precisions: readonly [Precision, Precision];
  readonly programs: string;
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
    /** The same, given the second's answer so far. */
    readonly along: number;
    readonly positions: number;
  }[];
}

const ANSWER = 8;

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

export async function measureAgreement({
  first,
  second,
  precisions,
  programs,
}: AgreementOptions): Promise<Agreement> {
  const open = (folder: string, precision: Precision): Promise<LoadedExpert> =>
    openExpert({
      name: 'measured',
      folder,
      precision,
      threads: 1,
      workerFile: join(programs, 'worker.js'),
      cacheFolder: join(programs, '..', '.cache', 'bench'),
    });
  const experts = [await open(first, precisions[0]), await open(second, precisions[1])] as const;
  const [one, other] = experts;
  const { tokenizer } = other;
  if (one.tokenizer.hash !== tokenizer.hash) {
    throw new Error('The two have different tables of tokens, so that their tokens cannot be compared.');
  }
  const text = (id: number): string => JSON.stringify(new TextDecoder().decode(tokenizer.bytes(id)));
  const rows: Agreement['rows'][number][] = [];
  const measure = async (kind: string, prompts: readonly string[], whole: (prompt: string) => string) => {
    const sums = { kind, same: 0, prompts: prompts.length, along: 0, positions: 0 };
    for (const prompt of prompts) {
      const ids = [...tokenizer.encodeWithSpecials(whole(prompt))];
      const answers: (readonly [number, number])[] = [];
      for (let i = 0; i < ANSWER; i++) {
        const context = Int32Array.from(ids);
        const next = [await likeliest(one, context), await likeliest(other, context)] as const;
        answers.push(next);
        if (other.endTokens.has(next[1])) break;
        ids.push(next[1]);
      }
      const [a, b] = answers[0] ?? [0, 0];
      const along = answers.filter(([mine, yours]) => mine === yours).length;
      if (a === b) sums.same++;
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
  try {
    const kinds = [await measure('text that goes on', beginnings, (prompt) => prompt)];
    if (tokenizer.specialId('<|im_start|>') !== undefined) {
      kinds.push(await measure('questions in a chat', questions, chatted));
    }
    return { rows, kinds };
  } finally {
    for (const expert of experts) await expert.dispose();
  }
}

/** The likeliest token after `ids`. */
async function likeliest(expert: LoadedExpert, ids: Int32Array): Promise<number> {
  const answer = await expert.logits(ids, { rows: 1 });
  if (answer === 'cancelled') throw new Error('cancelled');
  const { logits } = answer;
  return logits.indexOf(logits.reduce((most, z) => Math.max(most, z), Number.NEGATIVE_INFINITY));
}
