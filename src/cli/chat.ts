/** Chat and completion in a terminal, with nothing installed but Node. */

import { createInterface } from 'node:readline/promises';
import type { Engine } from '../engine/engine.ts';
import { weightOn } from '../models/surface-weight.ts';
import type { ChatMessage, Generated, GenerateRequest, MixSetting, Prompt } from '../protocol/engine.ts';
import type { Failure } from '../protocol/failure.ts';
import { newestThatFit } from '../text/history.ts';
import { type Begin, stagesText } from './first-start.ts';

const help = `Ask anything, or use one of these:
  /complete TEXT   continue TEXT as code; \\n is a new line, <cursor> the place of the cursor
  /experts         which experts there are and who takes part
  /on NAME, /off NAME, /weight NAME NUMBER
  /pool linear | geometric | power
  /weighting prompt | fixed | fixedShare | adaptive | confidence
  /clear           forget the conversation
  /quit            leave (Ctrl+C stops an answer first)
`;

/** Characters of earlier turns that are sent along: a context of 1,024 tokens also holds a question and an answer. */
const HISTORY_CHARACTERS = 900;

/** What helps in a terminal, where the engine's own advice names views of the editor. */
const advice: Partial<Record<Failure['code'], string>> = {
  'no-expert': 'No expert takes part. Switch one on with /on code, and give it a weight above 0.',
  'context-full': 'That is longer than the experts read. Shorten it, or forget earlier turns with /clear.',
};

const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 } as const;

/** Runs until the input ends or the user leaves; the experts of `begin` are loaded. */
export async function chat(
  engine: Engine,
  { begin, input, output }: { begin: Begin; input: NodeJS.ReadableStream; output: NodeJS.WritableStream },
): Promise<void> {
  let { mix } = begin;
  const { interrupted } = begin;
  /** Until the first answer. */
  let stages: Begin['stages'] | undefined = begin.stages;
  const turns: (readonly [ChatMessage, ChatMessage])[] = [];
  const readline = createInterface({ input, output });
  let answering: AbortController | undefined;
  let leaving = false;
  let open = true;
  readline.once('close', () => {
    open = false;
  });
  readline.on('SIGINT', () => {
    if (answering !== undefined) answering.abort();
    else if (leaving) {
      say('\n');
      readline.close();
    } else {
      leaving = true;
      say('\nCtrl+C again, or /quit, to leave.\n');
      if (open) readline.prompt();
    }
  });
  // Who asks the process to end, and not the terminal's line.
  interrupted?.addEventListener('abort', () => {
    answering?.abort();
    readline.close();
  });
  const say = (text: string): void => {
    output.write(text);
  };

  const answer = async (request: GenerateRequest): Promise<string | undefined> => {
    answering = new AbortController();
    const outcome = await engine.generate(request, {
      signal: answering.signal,
      onDelta: ({ text }) => say(text),
    });
    answering = undefined;
    if (outcome.kind === 'failed') {
      say(`\n${advice[outcome.failure.code] ?? outcome.failure.message}\n\n`);
      return undefined;
    }
    say(`\n\n  ${summary(outcome.result)}\n`);
    if (stages !== undefined) {
      say(`  ${stagesText([...stages, { name: 'prefill', ms: outcome.result.ms.prefill }])}\n`);
      stages = undefined;
    }
    say('\n');
    return outcome.result.stop === 'cancelled' ? undefined : outcome.result.text;
  };

  const configure = (next: MixSetting): void => {
    mix = next;
    engine.configure(mix);
    say(`${describe(mix)}\n`);
  };

  const changeExpert = (name: string, change: { active?: boolean; weight?: number }): void => {
    const id = idOf(mix, name);
    if (id !== undefined) configure(withExpert(mix, id, change));
    else
      say(`There is no expert '${name}': they are ${mix.experts.map((expert) => expert.id).join(', ')}.\n`);
  };

  const command = async (line: string): Promise<boolean> => {
    const [name = '', ...rest] = line.split(' ');
    const argument = rest.join(' ');
    switch (name) {
      case '/quit':
        return false;
      case '/clear':
        turns.length = 0;
        say('The conversation is forgotten.\n');
        return true;
      case '/experts':
        say(`${describe(mix)}\n`);
        return true;
      case '/on':
      case '/off':
        changeExpert(argument, { active: name === '/on' });
        return true;
      case '/weight': {
        const weight = Number(rest[1]);
        if (rest.length === 2 && Number.isFinite(weight) && weight >= 0)
          changeExpert(rest[0] ?? '', { weight });
        else say('A weight is a number of at least 0: /weight code 2\n');
        return true;
      }
      case '/pool':
        if (argument === 'linear' || argument === 'geometric')
          configure({ ...mix, pool: { kind: argument } });
        else if (argument === 'power') configure({ ...mix, pool: { kind: 'power', exponent: 0.5 } });
        else say('A pool is linear, geometric or power.\n');
        return true;
      case '/weighting':
        if (isWeighting(argument)) configure(withWeighting(mix, argument));
        else say(`A weighting is one of ${weightings.join(', ')}.\n`);
        return true;
      case '/complete':
        await answer({
          surface: 'completion',
          prompt: cursorPrompt(argument),
          maxTokens: 64,
          sampling: greedy,
          stop: ['\n\n', '```'],
          accelerate: 'lookup',
          trace: false,
        });
        return true;
      case '/help':
        say(help);
        return true;
      default:
        say(`There is no command ${name}. /help lists them.\n`);
        return true;
    }
  };

  say(`Chorus: ${describe(mix)}\n\n${help}\n`);
  readline.setPrompt('> ');
  readline.prompt();
  for await (const line of readline) {
    leaving = false;
    const trimmed = line.trimStart();
    if (trimmed.startsWith('/')) {
      if (!(await command(trimmed))) break;
    } else if (trimmed !== '') {
      const question: ChatMessage = { role: 'user', content: trimmed.trimEnd() };
      const text = await answer({
        surface: 'chat',
        prompt: {
          kind: 'messages',
          messages: [...newestThatFit(turns, HISTORY_CHARACTERS, sizeOf).flat(), question],
        },
        maxTokens: 256,
        whenFull: 'slide',
        sampling: greedy,
        stop: [],
        accelerate: 'lookup',
        trace: false,
      });
      if (text !== undefined) turns.push([question, { role: 'assistant', content: text }]);
    }
    if (open) readline.prompt();
  }
  readline.close();
}

const weightings = ['prompt', 'fixed', 'fixedShare', 'adaptive', 'confidence'] as const;

function isWeighting(text: string): text is MixSetting['weighting'] {
  return weightings.some((weighting) => weighting === text);
}

/** `code` stands for the first expert of that name, `tiny/code` for instance. */
function idOf({ experts }: MixSetting, name: string): string | undefined {
  const ids = experts.map(({ id }) => id);
  return ids.find((id) => id === name) ?? ids.find((id) => id.endsWith(`/${name}`));
}

function withExpert(
  mix: MixSetting,
  name: string,
  change: { active?: boolean; weight?: number },
): MixSetting {
  const experts = mix.experts.map((expert) => (expert.id === name ? { ...expert, ...change } : expert));
  if (change.weight === undefined) return { ...mix, experts };
  // A weight that is set counts everywhere.
  const { completion } = mix.surfaces ?? {};
  const weights = Object.entries(completion?.weights ?? {}).filter(([id]) => id !== name);
  return {
    ...mix,
    experts,
    surfaces: { completion: { ...completion, weights: Object.fromEntries(weights) } },
  };
}

/** In completions and in the chat. */
function withWeighting(mix: MixSetting, weighting: MixSetting['weighting']): MixSetting {
  const { completion } = mix.surfaces ?? {};
  return { ...mix, weighting, surfaces: { completion: { weights: completion?.weights } } };
}

function describe(mix: MixSetting): string {
  const { experts, pool, weighting, surfaces } = mix;
  const names = experts.map((expert) => {
    const { id, active, weight } = expert;
    const completing = weightOn(mix, 'completion', expert);
    const apart = completing === weight ? '' : ` (${completing} in completions)`;
    return active ? `${id} ${weight}${apart}` : `${id} off`;
  });
  const completing = surfaces?.completion?.weighting ?? weighting;
  const apart = completing === weighting ? '' : ` (${completing} in completions)`;
  return `${names.join(', ')} | pool ${pool.kind}, weighting ${weighting}${apart}`;
}

function sizeOf(turn: readonly ChatMessage[]): number {
  return turn.reduce((sum, { content }) => sum + content.length, 0);
}

const endings: Partial<Record<Generated['stop'], string>> = {
  length: 'cut at the limit of tokens',
  cancelled: 'stopped',
};

function summary({ shares, ids, ms, stop, unit }: Generated): string {
  const parts = Object.entries(shares).map(([id, share]) => `${id} ${Math.round(share * 100)} %`);
  const rate =
    ms.decode > 0 ? `, ${Math.round((1000 * Math.max(0, ids.length - 1)) / ms.decode)} ${unit}s/s` : '';
  const ending = endings[stop] === undefined ? '' : `, ${endings[stop]}`;
  return `${parts.join(' · ')} (${ids.length} ${unit}s${rate}${ending})`;
}

function cursorPrompt(text: string): Prompt {
  const [prefix = '', suffix = ''] = text.replaceAll('\\n', '\n').split('<cursor>');
  return { kind: 'infill', prefix, suffix };
}
