// Whether the best of k answers is better than one: right answers when greedy, with the first of k, and with the one chosen by each
// way of judging. Takes a folder with infilling.jsonl {file, prefix, middle, suffix} and problems.jsonl {question, answer}:
//   npm run build && node bench/rerank.mjs --data FOLDER [--cases 100] [--candidates 5] [--temperature 0.8]
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { boxed, casesOf, dataFolder, startGenerate } from './scripted.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    cases: { type: 'string', default: '100' },
    candidates: { type: 'string', default: '5' },
    temperature: { type: 'string', default: '0.8' },
  },
});
const data = dataFolder(values);
const linesOf = (name) => casesOf(data, name, Number(values.cases));

const sets = [
  {
    name: 'infilling, exact line',
    experts: ['pocket/code', 'pocket/general'],
    cases: linesOf('infilling.jsonl').map(({ file, prefix, middle, suffix }) => ({
      request: { infill: { prefix, suffix, file }, maxTokens: 32, stop: ['\n'] },
      isRight: (text) => text.trim() === middle.trim(),
    })),
    ways: { 'syntax errors, then likelihood': [0, 1], 'likelihood alone': [1] },
  },
  {
    name: 'problems, right answer',
    experts: ['pocket/math', 'pocket/general'],
    cases: linesOf('problems.jsonl').map(({ question, answer }) => ({
      request: { messages: [{ role: 'user', content: question }], maxTokens: 96 },
      isRight: (text) => boxed(text) === Number(answer),
    })),
    ways: {
      'whole, faults, then likelihood': [0, 1, 2],
      'likelihood alone': [2],
      'whole, faults, votes, then likelihood': [0, 1, 3, 2],
      'votes alone': [3],
    },
  },
];

const { ask, end } = startGenerate();

/** The first candidate whose terms of energy are least. */
const bestBy = (candidates, terms) =>
  candidates.reduce((best, each) => {
    const apart = terms
      .map((term) => each.energy[term] - best.energy[term])
      .find((difference) => difference !== 0);
    return apart < 0 ? each : best;
  });

console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}; ${values.candidates} candidates at temperature ${values.temperature}`,
);
for (const { name, experts, cases, ways } of sets) {
  for (const model of experts) {
    const right = { greedy: 0, 'the first candidate': 0 };
    for (const way of Object.keys(ways)) right[way] = 0;
    right['any candidate'] = 0;
    for (const { request, isRight } of cases) {
      const common = { ...request, experts: [{ model }] };
      if (isRight((await ask(common)).text)) right.greedy++;
      const { candidates } = await ask({
        ...common,
        candidates: Number(values.candidates),
        temperature: Number(values.temperature),
        seed: 1,
      });
      // Self-consistency (arXiv 2203.11171), for comparison: minus the candidates with the same boxed number.
      for (const { text, energy } of candidates) {
        energy[3] = -candidates.filter((other) => boxed(other.text) === boxed(text)).length;
      }
      if (isRight(candidates[0].text)) right['the first candidate']++;
      for (const [way, terms] of Object.entries(ways))
        if (isRight(bestBy(candidates, terms).text)) right[way]++;
      if (candidates.some(({ text }) => isRight(text))) right['any candidate']++;
    }
    console.log(`\n${name}, ${model}, ${cases.length} cases`);
    for (const [way, count] of Object.entries(right)) console.log(`  ${String(count).padStart(3)}  ${way}`);
  }
}
end();
