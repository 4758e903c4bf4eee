/** The problems of the benchmarks of arXiv 2411.00406, from the JSON lines of the Qwen2.5-Math harness (its evaluation/data). */

import * as v from 'valibot';
import { lastBox } from './answers.ts';

export interface BenchmarkProblem {
  readonly question: string;
  /** The true answer as the file has it. */
  readonly truth: string;
}

export interface Benchmark {
  readonly title: string;
  /** Letters after a number are part of the answer. */
  readonly keepUnits?: boolean;
  /** The answer is one of A to E. */
  readonly choice?: boolean;
  /** Throws where the entry is not one of this benchmark. */
  read(entry: unknown): BenchmarkProblem;
}

const text = v.pipe(v.string(), v.minLength(1));
const answer = v.pipe(v.union([v.string(), v.number()]), v.transform(String));
const plain = v.object({ question: text, answer });

function reader<S extends v.GenericSchema>(
  schema: S,
  read: (entry: v.InferOutput<S>) => BenchmarkProblem,
): (entry: unknown) => BenchmarkProblem {
  return (entry) => read(v.parse(schema, entry));
}

const questionAndAnswer = reader(plain, ({ question, answer: truth }) => ({
  question,
  truth: truth.replaceAll('$', '').trim(),
}));

const competition = reader(
  v.pipe(
    v.looseObject({ problem: v.optional(text), question: v.optional(text), answer }),
    v.check(({ problem, question }) => (question ?? problem) !== undefined, 'has no question'),
  ),
  ({ problem, question, answer: truth }) => ({ question: question ?? problem ?? '', truth }),
);

/** By the names of the harness's folders. */
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  gsm8k: {
    title: 'GSM8K',
    read: reader(plain, ({ question, answer: worked }) => ({
      question,
      truth: (worked.split('####').at(-1) ?? '').trim(),
    })),
  },
  math: {
    title: 'MATH',
    read: reader(v.object({ problem: text, solution: text }), ({ problem, solution }) => {
      const truth = lastBox(solution);
      if (truth === undefined) throw new Error('its solution boxes no answer');
      return { question: problem, truth };
    }),
  },
  college_math: { title: 'College Math', read: questionAndAnswer },
  svamp: {
    title: 'SVAMP',
    read: reader(v.object({ Body: text, Question: text, Answer: answer }), ({ Body, Question, Answer }) => {
      const body = Body.trim();
      return { question: `${body}${body.endsWith('.') ? '' : '.'} ${Question.trim()}`, truth: Answer };
    }),
  },
  asdiv: {
    title: 'ASDiv',
    read: reader(
      v.object({ body: text, question: text, answer: text }),
      ({ body, question, answer: truth }) => ({
        question: `${body.trim()} ${question.trim()}`,
        // What is counted stands in brackets: 9 (apples).
        truth: truth.replace(/\([^()]*\)/g, '').trim(),
      }),
    ),
  },
  mawps: {
    title: 'MAWPS',
    read: reader(v.object({ input: text, target: answer }), ({ input, target }) => ({
      question: input,
      truth: target,
    })),
  },
  carp_en: {
    title: 'CARP En',
    keepUnits: true,
    read: reader(v.object({ content: text, answer }), ({ content, answer: truth }) => ({
      question: content,
      truth,
    })),
  },
  gaokao2023en: { title: 'GaoKao 2023 En', read: questionAndAnswer },
  olympiadbench: {
    title: 'Olympiad Bench',
    read: reader(
      v.object({ question: text, final_answer: v.pipe(v.array(v.string()), v.minLength(1)) }),
      ({ question, final_answer: [first = ''] }) => ({ question, truth: first.replace(/^\$+|\$+$/g, '') }),
    ),
  },
  mmlu_stem: {
    title: 'MMLU STEM',
    choice: true,
    read: reader(
      v.object({
        question: text,
        choices: v.pipe(v.array(answer), v.length(4)),
        answer: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3)),
      }),
      ({ question, choices, answer: index }) => ({
        question: `${question.trim()}\nAnswer Choices: ${choices.map((choice, i) => `(${'ABCD'[i]}) ${choice.trim()}`).join(' ')}`,
        truth: 'ABCD'[index] ?? '',
      }),
    ),
  },
  aime24: { title: 'AIME24', read: competition },
  amc23: { title: 'AMC23', read: competition },
};
