/**
 * `npm run replay -- --gate`: whether confidence and agreement tell the suggestions that are taken from the others, and what thresholds on
 * them are worth, chosen on half of the sessions and replayed on the other half.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../../src/engine/engine.ts';
import type { Precision } from '../../src/protocol/engine.ts';
import type { GateLimits } from '../../src/text/gate.ts';
import { leftTable, separationTable, sweepTable } from './gate-tables.ts';
import { replayEach } from './main.ts';
import { mixes, type NamedMix, settingOf } from './mixes.ts';
import { type EditSession, readSessions } from './session.ts';
import { candidates, choose, halves, leftBy, OPEN, type ShownInSession, together } from './thresholds.ts';

export interface GateCommand {
  /** The project's folder. */
  readonly root: string;
  readonly sessions: string;
  readonly precision: Precision;
  /** The file of what was shown, a line for each mix and session. */
  readonly record: string;
  /** It is there already, and nothing is typed; otherwise it is written. */
  readonly isRecorded: boolean;
}

interface Recorded extends ShownInSession {
  readonly mix: string;
  readonly session: string;
}

type Type = (
  mix: NamedMix,
  sessions: readonly EditSession[],
  limits: GateLimits,
) => Promise<readonly Recorded[]>;

/** What the mixtures add is seen beside the expert that is best alone. */
const gatedMixes = mixes.filter(({ experts }) => experts.includes('code'));

export async function gateAll(command: GateCommand): Promise<void> {
  const { root, record, precision } = command;
  if (command.isRecorded) {
    const lines = readFileSync(record, 'utf8').trim().split('\n');
    const recorded = lines.map((line) => JSON.parse(line) as Recorded);
    for (const mix of gatedMixes) printSeparation(mix, recorded);
    return;
  }
  const sessions = readSessions(readFileSync(command.sessions, 'utf8'));
  const engine = createEngine({ programs: join(root, 'dist') });
  const type: Type = async (mix, some, { minConfidence, minAgreement }) => {
    engine.configure(settingOf(mix, join(root, 'models'), precision));
    const settings = {
      'completion.minConfidence': minConfidence,
      'completion.minAgreement': minAgreement,
    };
    const replays = await replayEach(engine, some, settings);
    return replays.map(([{ name }, { keys, shown }]) => ({ mix: mix.name, session: name, keys, shown }));
  };
  try {
    const recorded: Recorded[] = [];
    for (const mix of gatedMixes) recorded.push(...(await type(mix, sessions, OPEN)));
    writeFileSync(record, recorded.map((one) => `${JSON.stringify(one)}\n`).join(''));
    for (const mix of gatedMixes) {
      printSeparation(mix, recorded);
      await printHeldOut(mix, recorded, (limits, some) =>
        type(
          mix,
          sessions.filter(({ name }) => some.some(({ session }) => session === name)),
          limits,
        ),
      );
    }
  } finally {
    await engine.dispose();
  }
}

function printSeparation(mix: NamedMix, recorded: readonly Recorded[]): void {
  const mine = recorded.filter((one) => one.mix === mix.name);
  console.log(
    `\n${mix.name}: how often one that is taken, or right, has the higher figure than one that is not\n`,
  );
  console.log(separationTable(mine, mix.experts.length > 1));
  for (const name of kindsFor(mix).filter((kind) => kind !== 'both')) {
    console.log(`\n${mix.name}: what ${name} would leave, if the rest of the session stayed as it was\n`);
    console.log(sweepTable(name, together(mine)));
  }
}

async function printHeldOut(
  mix: NamedMix,
  recorded: readonly Recorded[],
  replayed: (limits: GateLimits, sessions: readonly Recorded[]) => Promise<readonly Recorded[]>,
): Promise<void> {
  for (const [chosenOn, heldOut] of halves(recorded.filter((one) => one.mix === mix.name))) {
    const all = together(heldOut);
    const rows = [{ name: 'all', left: leftBy(OPEN, all.shown) }];
    const chosen = kindsFor(mix).map(
      (kind) => [kind, choose(candidates[kind], together(chosenOn).shown)] as const,
    );
    // Two of them may come to the same.
    const different = new Map(chosen.map(([, limits]) => [nameOf(limits), limits]));
    for (const [name, limits] of different) {
      rows.push({ name: `${name}, by the sweep`, left: leftBy(limits, all.shown) });
      // Where nothing is kept back that is what was recorded.
      if (limits === OPEN) continue;
      const { shown } = together(await replayed(limits, heldOut));
      rows.push({ name: `${name}, replayed`, left: leftBy(OPEN, shown) });
    }
    const names = chosenOn.map(({ session }) => session).join('; ');
    const choice = chosen.map(([kind, limits]) => `${kind}: ${nameOf(limits)}`).join('; ');
    console.log(`\n${mix.name}: chosen on ${names}\n(${choice}), and what that leaves of the others:\n`);
    console.log(leftTable('least confidence / agreement', rows, all.keys));
  }
}

function nameOf({ minConfidence, minAgreement }: GateLimits): string {
  return `${minConfidence} / ${minAgreement}`;
}

/** One expert alone agrees with itself. */
function kindsFor({ experts }: NamedMix): readonly (keyof typeof candidates)[] {
  return experts.length > 1 ? ['minConfidence', 'minAgreement', 'both'] : ['minConfidence'];
}
