/** From prompts to ids for a model that expects its texts to begin with a token and whose template knows no system messages. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { promptFor } from '../../src/engine/prompts.ts';
import { createTemplateRenderer } from '../../src/engine/template.ts';
import type { ChatMessage, Prompt } from '../../src/protocol/engine.ts';
import type { LoadedExpert } from '../../src/runtime/expert.ts';
import { str } from '../graph/gguf-bytes.ts';
import { TURNS, tinyGguf } from '../graph/tiny-gguf.ts';
import { tinyModel } from '../graph/tiny-models.ts';
import { programs, temporaryFolder } from '../programs.ts';
import { openModel } from '../runtime/opened.ts';

const templates = createTemplateRenderer(join(programs, 'template-process.js'));
afterAll(() => templates.dispose());

async function gemma(template: string, use: (expert: LoadedExpert) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const more = { 'tokenizer.chat_template': str(template) };
  writeFileSync(join(folder, 'model.gguf'), tinyGguf(tinyModel('gemma3'), more));
  const expert = await openModel(folder, temporaryFolder());
  await use(expert).finally(() => expert.dispose());
}

async function written(expert: LoadedExpert, prompt: Prompt): Promise<string> {
  const { ids } = await promptFor(expert, prompt, templates);
  return [...ids].map((id) => new TextDecoder().decode(expert.tokenizer.bytes(id))).join('');
}

const user = (content: string): ChatMessage => ({ role: 'user', content });
const system: ChatMessage = { role: 'system', content: 'the user' };

describe('a prompt for a model that expects a token at the beginning', () => {
  it('begins with it once, whoever wrote it', async () => {
    await gemma(TURNS, async (expert) => {
      expect(expert.tokenizer.beginning).toEqual([2]);
      expect(await written(expert, { kind: 'text', text: 'in the model' })).toBe('<bos>in the model');
      expect(await written(expert, { kind: 'text', text: '<bos>in' })).toBe('<bos>in');
      const infill: Prompt = { kind: 'infill', prefix: 'the model in th', suffix: '' };
      expect(await written(expert, infill)).toBe('<bos>the model in');
      expect(await written(expert, { kind: 'messages', messages: [user('the')] })).toBe(
        '<bos><start_of_turn>user\nthe<end_of_turn>\n<start_of_turn>model\n',
      );
    });
  });
});

describe('a template that knows no system messages', () => {
  it('gets what one says before the first question', async () => {
    await gemma(TURNS, async (expert) => {
      const messages = [system, user('mod'), { role: 'assistant', content: 'el' } as const, user('us')];
      expect(await written(expert, { kind: 'messages', messages })).toBe(
        '<bos><start_of_turn>user\nthe user\n\nmod<end_of_turn>\n<start_of_turn>model\nel<end_of_turn>\n<start_of_turn>user\nus<end_of_turn>\n<start_of_turn>model\n',
      );
    });
  });

  it('that puts them there itself, as that of Gemma 3 does, is asked once', async () => {
    const ofGemma3 = [
      "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- if messages[0]['content'] is string -%}",
      "{%- set prefix = messages[0]['content'] + '\\n\\n' -%}{%- else -%}{%- set prefix = messages[0]['content'][0]['text'] -%}",
      "{%- endif -%}{%- set turns = messages[1:] -%}{%- else -%}{%- set prefix = '' -%}{%- set turns = messages -%}{%- endif -%}",
      "{%- for turn in turns -%}{%- if (turn['role'] == 'user') != (loop.index0 % 2 == 0) -%}",
      "{{ raise_exception('roles must alternate') }}{%- endif -%}",
      "{%- if (turn['role'] == 'assistant') -%}{%- set role = 'model' -%}{%- else -%}{%- set role = turn['role'] -%}{%- endif -%}",
      "{{ '<start_of_turn>' + role + '\\n' + (prefix if loop.first else '') }}",
      "{%- if turn['content'] is string -%}{{ turn['content'] | trim }}{%- endif -%}{{ '<end_of_turn>\\n' }}{%- endfor -%}",
      "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}",
    ].join('');
    await gemma(ofGemma3, async (expert) => {
      const messages = [system, user('mod'), { role: 'assistant', content: 'el' } as const, user('us')];
      expect(await written(expert, { kind: 'messages', messages })).toBe(
        '<bos><start_of_turn>user\nthe user\n\nmod<end_of_turn>\n<start_of_turn>model\nel<end_of_turn>\n<start_of_turn>user\nus<end_of_turn>\n<start_of_turn>model\n',
      );
    });
  });

  it('is not asked twice where it takes them, and fails with its own words where it takes nothing', async () => {
    await gemma("{{ messages[0]['role'] }}", async (expert) => {
      expect(await written(expert, { kind: 'messages', messages: [system, user('the')] })).toBe('system');
    });
    await gemma("{{ raise_exception('nothing ' + messages[0]['role']) }}", async (expert) => {
      const messages = [system, user('the')];
      await expect(promptFor(expert, { kind: 'messages', messages }, templates)).rejects.toThrow(
        'nothing system',
      );
    });
  });
});
