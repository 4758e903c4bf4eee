import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messagesFor, PROMPT_CHARACTERS } from '../../src/extension/chat-prompt.ts';
import type { Turn } from '../../src/protocol/chat.ts';

const turn = (question: string, text: string): Turn => ({
  id: 1,
  question,
  answer: { kind: 'done', stop: 'end', text, tokens: 1, shares: {}, pieces: [] },
});

describe('the messages of a request', () => {
  test('are the system prompt, the turns, the question', () => {
    expect(messagesFor('three', [turn('one', '1'), turn('two', '2')], 'Be brief.')).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: '1' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: '2' },
      { role: 'user', content: 'three' },
    ]);
  });

  test('have no system message where there is no system prompt', () => {
    expect(messagesFor('one', [], '')).toEqual([{ role: 'user', content: 'one' }]);
  });

  test('are the question alone where it fills the budget', () => {
    const question = 'x'.repeat(2 * PROMPT_CHARACTERS);
    expect(messagesFor(question, [turn('one', '1')], '')).toEqual([{ role: 'user', content: question }]);
  });

  test('keep to the budget and to the newest turns without a gap', () => {
    const turns = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 400 })), { maxLength: 12 });
    fc.assert(
      fc.property(turns, (lengths) => {
        const earlier = lengths.map(([asked, told], index) =>
          turn(`q${index}${'.'.repeat(asked)}`, 'a'.repeat(told)),
        );
        const messages = messagesFor('now', earlier, 'system');
        const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
        expect(characters).toBeLessThanOrEqual(PROMPT_CHARACTERS);
        const sent = messages.filter(({ role }) => role === 'user').slice(0, -1);
        const newest = earlier.slice(earlier.length - sent.length);
        expect(sent.map(({ content }) => content)).toEqual(newest.map(({ question }) => question));
        const next = earlier[earlier.length - sent.length - 1];
        if (next?.answer.kind === 'done') {
          expect(characters + next.question.length + next.answer.text.length).toBeGreaterThan(
            PROMPT_CHARACTERS,
          );
        }
      }),
    );
  });
});
