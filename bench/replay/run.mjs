// `npm run replay`: types the recorded edit sessions through the completion session and the engine, and compares with the baseline.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPrograms, load, root } from '../bundle.mjs';

const usage = `Usage: npm run replay -- [--write] [--only] [--precision fp32|q4] [--sessions FILE] [--set NAME=VALUE ...]
       npm run replay -- --gate [--from FILE] [--precision fp32|q4] [--sessions FILE]
       npm run replay -- --record FILE:FROM-TO [--seed 1]

Types recorded edit sessions key by key with the completions of the pocket experts, mixed and each alone, on virtual time: the same
figures on every machine. Fails where the usual mix is worse than the baseline (bench/replay/baseline.json), which may only get better.

  --write      makes what comes out the baseline; look at the difference before you commit it
  --only       the usual mix without those beside it
  --precision  of the experts; the baseline is in fp32, the extension runs q4
  --sessions   sessions of your own, one a line; nothing is compared then
  --set        a setting, by its name after "chorus.", such as completion.minConfidence=0.5; nothing is compared then
  --gate       whether confidence and agreement tell the suggestions that are taken from the others, and what thresholds would leave
  --from       what --gate recorded before, in place of typing; then nothing is replayed with a threshold on
  --record     prints a session for --sessions: lines FROM to TO of a file, typed where they stand`;

const fail = (text) => {
  console.error(text);
  process.exit(2);
};

let values;
try {
  ({ values } = parseArgs({
    options: {
      write: { type: 'boolean', default: false },
      only: { type: 'boolean', default: false },
      precision: { type: 'string', default: 'fp32' },
      sessions: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      gate: { type: 'boolean', default: false },
      from: { type: 'string' },
      record: { type: 'string' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }));
} catch (error) {
  fail(`${error.message}\n\n${usage}`);
}
if (values.help) {
  console.log(usage);
  process.exit();
}
const own = values.sessions !== undefined || values.precision !== 'fp32' || values.set.length > 0;
if (!['fp32', 'q4'].includes(values.precision))
  fail(`--precision must be fp32 or q4, not "${values.precision}".`);
if (values.from !== undefined && !values.gate) fail('--from goes with --gate.');
if (values.gate && (values.write || values.only || values.set.length > 0))
  fail('--gate has settings of its own and no baseline: leave --set, --write and --only out.');
if (values.write && own)
  fail(
    'The baseline is of the sessions that come along, in fp32: leave --sessions, --precision and --set out.',
  );

const folder = join(root, '.cache', 'bench');
mkdirSync(folder, { recursive: true });
// Read when ONNX Runtime is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';
if (values.record !== undefined) {
  const [, file, from, to] = /^(.+):(\d+)-(\d+)$/.exec(values.record) ?? [];
  if (file === undefined)
    fail(`--record takes FILE:FROM-TO, such as src/a.ts:10-30, not "${values.record}".`);
  const { module } = await load('replay/main', folder);
  console.log(module.recordedLine(file, [Number(from), Number(to)], Number(values.seed)));
  process.exit();
}
if (values.from === undefined) buildPrograms();
const sessions = values.sessions ?? join(root, 'bench', 'replay', 'sessions.jsonl');
if (values.gate) {
  const { module } = await load('replay/gate', folder);
  const record = values.from ?? join(folder, `shown-${values.precision}.jsonl`);
  const { precision } = values;
  await module.gateAll({ root, sessions, precision, record, isRecorded: values.from !== undefined });
  process.exit();
}
const { module } = await load('replay/main', folder);
const worse = await module.replayAll({
  root,
  sessions,
  precision: values.precision,
  only: values.only,
  write: values.write,
  settings: module.settingsOf(values.set),
});
if (own)
  console.log(
    '\nNot compared with the baseline, which is of other sessions, another precision or other settings.',
  );
else if (worse.length > 0) {
  console.error(`\nWorse than the baseline:\n${worse.join('\n')}`);
  process.exit(1);
} else if (!values.write) console.log('\nNowhere worse than the baseline.');
process.exit();
