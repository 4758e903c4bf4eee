/** Chat and completion in a terminal, with nothing installed but Node. */

import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Engine } from '../engine/engine.ts';
import type { ChatMessage, Generated, GenerateRequest, MixSetting, Prompt } from '../protocol/engine.ts';

const help = `Ask anything, or use one of these:
  /complete TEXT   continue TEXT as code; write \\n for a new line and <cursor> where the cursor stands
  /experts         which experts there are and who takes part
  /on NAME, /off NAME, /weight NAME NUMBER
  /pool linear | geometric | power
  /weighting prompt | fixed | fixedShare | confidence
  /clear           forget the conversation
  /quit            leave (Ctrl+C stops an answer first)
`;

const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 } as const;

/** Runs until the input ends or the user leaves. */
export async function chat(
  engine: Engine,
  { models, input, output }: { models: string; input: NodeJS.ReadableStream; output: NodeJS.WritableStream },
): Promise<void> {
  let mix = defaultMix(models);
  const messages: ChatMessage[] = [];
  const readline = createInterface({ input, output });
  let answering: AbortController | undefined;
  readline.on('SIGINT', () => {
    if (answering === undefined) readline.close();
    else answering.abort();
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
      say(`\n${outcome.failure.message}\n`);
      return undefined;
    }
    say(`\n\n  ${summary(outcome.result)}\n\n`);
    return outcome.result.text;
  };

  const configure = (next: MixSetting): void => {
    mix = next;
    engine.configure(mix);
    say(`${describe(mix)}\n`);
  };

  const command = async (line: string): Promise<boolean> => {
    const [name = '', ...rest] = line.split(' ');
    const argument = rest.join(' ');
    switch (name) {
      case '/quit':
        return false;
      case '/clear':
        messages.length = 0;
        return true;
      case '/experts':
        say(`${describe(mix)}\n`);
        return true;
      case '/on':
      case '/off':
        configure(withExpert(mix, argument, { active: name === '/on' }));
        return true;
      case '/weight': {
        const weight = Number(rest[1]);
        if (Number.isFinite(weight) && weight >= 0) configure(withExpert(mix, rest[0] ?? '', { weight }));
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
        if (isWeighting(argument)) configure({ ...mix, weighting: argument });
        else say(`A weighting is one of ${weightings.join(', ')}.\n`);
        return true;
      case '/complete':
        await answer({
          surface: 'completion',
          prompt: cursorPrompt(argument),
          maxTokens: 64,
          sampling: greedy,
          stop: ['\n\n'],
          trace: false,
        });
        return true;
      default:
        say(help);
        return true;
    }
  };

  engine.configure(mix);
  say(`Chorus: ${describe(mix)}\n\n${help}\n`);
  readline.setPrompt('> ');
  readline.prompt();
  for await (const line of readline) {
    const trimmed = line.trim();
    if (trimmed.startsWith('/')) {
      if (!(await command(trimmed))) break;
    } else if (trimmed !== '') {
      messages.push({ role: 'user', content: trimmed });
      const text = await answer({
        surface: 'chat',
        prompt: { kind: 'messages', messages: [...messages] },
        maxTokens: 256,
        sampling: greedy,
        stop: [],
        trace: false,
      });
      if (text === undefined) messages.pop();
      else messages.push({ role: 'assistant', content: text });
    }
    readline.prompt();
  }
  readline.close();
}

const weightings = ['prompt', 'fixed', 'fixedShare', 'confidence'] as const;

function isWeighting(text: string): text is MixSetting['weighting'] {
  return weightings.some((weighting) => weighting === text);
}

function defaultMix(models: string): MixSetting {
  const expert = (name: string, active: boolean) => ({
    id: name,
    folder: join(models, 'pocket', name),
    precision: 'auto' as const,
    active,
    weight: 1,
  });
  return {
    experts: [expert('code', true), expert('math', true), expert('general', false)],
    pool: { kind: 'linear' },
    weighting: 'prompt',
  };
}

function withExpert(
  mix: MixSetting,
  name: string,
  change: { active?: boolean; weight?: number },
): MixSetting {
  return {
    ...mix,
    experts: mix.experts.map((expert) => (expert.id === name ? { ...expert, ...change } : expert)),
  };
}

function describe({ experts, pool, weighting }: MixSetting): string {
  const names = experts.map(({ id, active, weight }) => (active ? `${id} ${weight}` : `${id} off`));
  return `${names.join(', ')} | pool ${pool.kind}, weighting ${weighting}`;
}

function summary({ shares, ids, ms }: Generated): string {
  const parts = Object.entries(shares).map(([id, share]) => `${id} ${Math.round(share * 100)} %`);
  const rate =
    ms.decode > 0 ? `, ${Math.round((1000 * Math.max(0, ids.length - 1)) / ms.decode)} tokens/s` : '';
  return `${parts.join(' · ')} (${ids.length} tokens${rate})`;
}

function cursorPrompt(text: string): Prompt {
  const [prefix = '', suffix = ''] = text.replaceAll('\\n', '\n').split('<cursor>');
  return { kind: 'infill', prefix, suffix };
}
