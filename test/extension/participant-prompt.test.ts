import { describe, expect, it } from 'vitest';
import { participantCommands, participantPrompt } from '../../src/extension/participant-prompt.ts';

const attachment = { text: 'const a = 1;', language: 'typescript', file: 'a.ts' };
const nothing = { prompt: '', command: undefined, attachments: [], history: [] };

describe('a turn with @chorus', () => {
  it('is the question alone, where there is nothing else', () => {
    expect(participantPrompt({ ...nothing, prompt: 'What is 17 + 25?' }, 1000)).toEqual({
      messages: [{ role: 'user', content: 'What is 17 + 25?' }],
      cut: [],
    });
  });

  it.each(participantCommands)('has what is attached, and the words of the command: /%s', (command) => {
    const { messages } = participantPrompt(
      { ...nothing, command, attachments: [attachment], prompt: 'briefly' },
      1000,
    );
    const { content } = messages.at(-1) ?? { content: '' };
    expect(content).toContain('const a = 1;');
    expect(content).toMatch(/briefly$/);
    expect(content.split('\n')[0]).toMatch(/^[A-Z].{10,}/);
  });

  it('takes what is written after a command for its text, where nothing is attached', () => {
    const { messages } = participantPrompt({ ...nothing, command: 'formula', prompt: '$a/b$' }, 1000);
    expect(messages[0]?.content).toContain('```plaintext\n$a/b$\n```');
  });

  it('tells the files apart, and says which were cut', () => {
    const long = { ...attachment, file: 'long.ts', text: 'x'.repeat(5000) };
    const { messages, cut } = participantPrompt(
      { ...nothing, prompt: 'Why?', attachments: [attachment, long] },
      500,
    );
    expect(cut).toEqual(['long.ts']);
    expect(messages[0]?.content).toMatch(/^a\.ts:[\s\S]*long\.ts:[\s\S]*Why\?$/);
    expect(messages[0]?.content.length).toBeLessThan(700);
  });

  it('remembers the newest turns that fit, and none without an answer', () => {
    const history = [
      { question: 'old', answer: 'x'.repeat(500) },
      { question: 'unanswered', answer: ' ' },
      { question: 'new', answer: 'yes' },
    ];
    const { messages } = participantPrompt({ ...nothing, prompt: 'And now?', history }, 100);
    expect(messages.map(({ content }) => content)).toEqual(['new', 'yes', 'And now?']);
  });
});
