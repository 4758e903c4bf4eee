// What routing does: how often a prompt goes to one expert, what that costs in right answers and saves in time, beside the same
// mixture without it. Takes a folder with infilling.jsonl {file, prefix, middle, suffix} and problems.jsonl {question, answer}:
//   npm run build && node bench/routing.mjs --data FOLDER [--cases 100] [--only TEXT, part of a table's title]
// Variants take turns case by case, so that a drifting machine shifts all alike.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { boxed, casesOf, dataFolder, startGenerate } from './scripted.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    cases: { type: 'string', default: '100' },
    only: { type: 'string', default: '' },
  },
});
const data = dataFolder(values);
const linesOf = (name) => casesOf(data, name, Number(values.cases));
const sets = [
  {
    name: 'infilling, exact line',
    cases: linesOf('infilling.jsonl').map(({ file, prefix, suffix, middle }) => ({
      request: { infill: { prefix, suffix, file }, maxTokens: 48, stop: ['\n'] },
      right: ({ text }) => text.trimEnd() === middle.trimEnd(),
    })),
  },
  {
    name: 'problems, correct',
    cases: linesOf('problems.jsonl').map(({ question, answer }) => ({
      request: { messages: [{ role: 'user', content: question }], maxTokens: 120 },
      right: ({ text }) => boxed(text) === Number(answer),
    })),
  },
];
const mixes = [
  { experts: ['pocket/code', 'pocket/math'], weighting: 'prompt' },
  { experts: ['pocket/code', 'pocket/general'], weighting: 'prompt' },
  { experts: ['pocket/code', 'pocket/general'], weighting: 'fixed' },
];
const variants = [
  { name: 'never' },
  ...[0.05, 0.1, 0.2].map((within) => ({
    name: `auto, ${within}`,
    fields: { route: 'auto', routeWithin: within },
  })),
];

const { ask, end } = startGenerate();

console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
for (const { name: set, cases } of sets) {
  for (const { experts, weighting } of mixes) {
    const title = `${set}; ${experts.join(' + ')}, weighting ${weighting}; ${cases.length} cases`;
    if (!title.includes(values.only)) continue;
    const mix = { experts: experts.map((model) => ({ model })), weighting };
    const sums = variants.map(() => ({ routed: 0, right: 0, same: 0, prefill: 0, decode: 0, tokens: 0 }));
    for (const { request, right } of cases) {
      let plain;
      for (const [i, { fields }] of variants.entries()) {
        const result = await ask({ ...mix, ...request, ...fields });
        plain ??= result;
        const sum = sums[i];
        if (result.routed !== undefined) sum.routed++;
        if (right(result)) sum.right++;
        if (result.text === plain.text) sum.same++;
        sum.prefill += result.ms.prefill;
        sum.decode += result.ms.decode;
        sum.tokens += result.ids.length;
      }
    }
    console.log(`\n${title}`);
    console.table(
      Object.fromEntries(
        sums.map((sum, i) => [
          variants[i].name,
          {
            routed: sum.routed,
            right: sum.right,
            'same text': sum.same,
            'ms to first token': Number((sum.prefill / cases.length).toFixed(1)),
            'ms a token': Number((sum.decode / sum.tokens).toFixed(2)),
            'ms a case': Number(((sum.prefill + sum.decode) / cases.length).toFixed(1)),
          },
        ]),
      ),
    );
  }
}
end();
