import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Ghost,
  type GhostPlan,
  type MultilineMode,
  planGhost,
  shapeGhost,
} from '../../src/text/ghost.ts';

/** `|` marks the cursor. */
function place(marked: string): { before: string; after: string } {
  const cursor = marked.indexOf('|');
  return { before: marked.slice(0, cursor), after: marked.slice(cursor + 1) };
}

function shape(marked: string, raw: string, truncated = false): Ghost {
  const around = place(marked);
  const plan = planGhost(around, 'auto', true);
  return shapeGhost(raw, { ...around, multiline: plan.kind === 'ask' && plan.multiline, truncated });
}

/** The document with the suggestion accepted, or the rule that took it away. */
function accepted(marked: string, raw: string, truncated = false): string {
  const { before, after } = place(marked);
  const ghost = shape(marked, raw, truncated);
  return ghost.kind === 'text' ? before + ghost.text + after.slice(ghost.replaceRight) : ghost.rule;
}

describe('where a completion is asked for', () => {
  const plan = (marked: string, mode: MultilineMode = 'auto', explicit = false): GhostPlan =>
    planGhost(place(marked), mode, explicit);
  const line = { kind: 'ask', multiline: false, stop: ['\n'] };
  const block = { kind: 'ask', multiline: true, stop: ['\n\n'] };

  it.each<[string, string, object]>([
    ['after text', 'const x = |', line],
    ['on a blank line', 'let a;\n  |\nlet b;', block],
    ['after an opening bracket', 'function f() {|', block],
    ['after a colon', 'def f(x):  |', block],
    ['between brackets', 'call(() => {|})', block],
    ['before closers', 'call(a, |);', line],
    ['after a finished statement', 'return a - b;|', { kind: 'skip', rule: 'statement-ended' }],
    ['inside the head of a loop', 'for (let i = 0;|', line],
    ['in the middle of a statement', 'x = | + other', { kind: 'skip', rule: 'text-right-of-cursor' }],
    ['inside a word', 'val|ue', { kind: 'skip', rule: 'inside-word' }],
    ['in an empty document', '  |\n', { kind: 'skip', rule: 'empty-document' }],
  ])('%s', (_name, marked, expected) => {
    expect(plan(marked)).toEqual(expected);
  });

  it('follows the setting for one line or several', () => {
    expect(plan('function f() {|', 'never')).toEqual(line);
    expect(plan('const x = |', 'always')).toEqual(block);
    expect(plan('f(a| + b)', 'always', true)).toEqual(line);
  });

  it('asks at every place when the user says so', () => {
    expect(plan('val|ue', 'auto', true)).toEqual(line);
    expect(plan('x = | + other', 'auto', true)).toEqual(line);
  });
});

describe('what is shown of a completion', () => {
  it.each<[string, string, string, string]>([
    ['takes one line', 'const x = |', '1 + 2;\nconst y', 'const x = 1 + 2;'],
    ['trims the end', 'const x = |', '1;   ', 'const x = 1;'],
    ['keeps the block\u2019s layout', 'f() {\n  |\n}', 'go();\n  stop();\n}', 'f() {\n  go();\n  stop();\n}'],
    ['keeps an indentation that is deeper', 'f() {\n  |', '  go();', 'f() {\n    go();'],
    ['begins on the blank line', 'f() {\n  |', '\n\n  go();', 'f() {\n  go();'],
    [
      'keeps the line break before a line that leaves the block',
      'f() {\n  go();\n  |',
      '\n}',
      'f() {\n  go();\n  \n}',
    ],
    ['ends before the end of a chat', 'f() {|', '\n  go();\n}\n```\nThis', 'f() {\n  go();\n}'],
    [
      'may end a code block that is open',
      '```ts\nf() {|',
      '\n  go();\n}\n```',
      '```ts\nf() {\n  go();\n}\n```',
    ],
    ['shows nothing for nothing', 'const x = |', '  \n', 'empty'],
    ['cuts the closer that is there', 'foo(|)', 'a, b)', 'foo(a, b)'],
    ['keeps the closer of its own bracket', 'foo(|)', 'bar()', 'foo(bar())'],
    ['cuts one closer of two', 'foo(bar(|)', 'x))', 'foo(bar(x))'],
    ['cuts where the suffix closes', 'if (|) {', 'a) { return; }', 'if (a) {'],
    ['keeps its own call before the rest of the line', 'if (|) {', 'call()', 'if (call()) {'],
    ['cuts the rest of the line', 'if (|) {', 'a && b(c)) {', 'if (a && b(c)) {'],
    ['replaces closers that it goes beyond', 'foo(|)', 'a, b);', 'foo(a, b);'],
    ['cuts the quote that is there', "import x from './|'", "file'", "import x from './file'"],
    ['keeps a string of its own', 'log(|)', '"done"', 'log("done")'],
    ['replaces quote and bracket', 'log("|")', 'done");', 'log("done");'],
    ['knows an apostrophe', 'say(|)', '"I don\'t")', 'say("I don\'t")'],
    ['replaces closers after a block', 'on(() => {|})', '\n  go();\n});', 'on(() => {\n  go();\n});'],
    ['leaves a block its layout', 'on(() => {|})', '\n  go();\n})', 'on(() => {\n  go();\n})'],
    ['ends before the line that follows', 'f() {\n  |\n}', 'go();\n}', 'f() {\n  go();\n}'],
    [
      'closes an inner block',
      'f() {\n  if (x) {\n    |\n}',
      'go();\n  }\n}',
      'f() {\n  if (x) {\n    go();\n  }\n}',
    ],
    ['keeps a block of its own', 'f() {\n|\n}', '  if (x) {\n}\n  go();', 'f() {\n  if (x) {\n}\n  go();\n}'],
    ['does not say the next line', 'f() {\n  |\n  return x;\n}', 'return x;', 'repeats-suffix'],
    [
      'ends before the next line said',
      'f() {\n  |\n  return x;\n}',
      'x++;\n  return x;',
      'f() {\n  x++;\n  return x;\n}',
    ],
    ['shows no loop', 'import { |', 'FET, FET, FET, FET, FET', 'repeats-itself'],
    [
      'lets numbers repeat',
      'const row = [|',
      '0.0, 0.0, 0.0, 0.0, 0.0];',
      'const row = [0.0, 0.0, 0.0, 0.0, 0.0];',
    ],
    ['does not say the last line again', 'go(1);\n|', 'go(1);', 'repeats-previous'],
    ['does not finish a line like the last', 'go(1);\ngo|', '(1);', 'repeats-previous'],
    ['may close like the line before', '  }\n|', '}', '  }\n}'],
    ['ends at a blank line', 'f() {|', '\n  a();\n\n  b();', 'f() {\n  a();'],
    ['stops a loop', 'f() {|', '\na();\na();\na();\na();', 'f() {\na();\na();'],
    ['reads CRLF', 'f() {|', '\r\n  a();\r\n  b();', 'f() {\n  a();\n  b();'],
    [
      'cuts a tail the document goes on with',
      'x = |first + second;',
      'zero + first + second',
      'x = zero + first + second;',
    ],
  ])('%s', (_name, marked, raw, expected) => {
    expect(accepted(marked, raw)).toBe(expected);
  });

  it('leaves half a line out of a block that was cut short, but keeps half a line alone', () => {
    expect(accepted('f() {|', '\n  a();\n  b(', true)).toBe('f() {\n  a();');
    expect(accepted('f() {|', '\n  a(', true)).toBe('f() {\n  a(');
    expect(accepted('x = |', 'a(', true)).toBe('x = a(');
  });

  const piece = fc.string({
    maxLength: 60,
    unit: fc.constantFrom('a', 'b', ' ', '\n', '(', ')', '{', '}', '"', ';'),
  });

  it('never adds text: what is shown is a piece of the answer', () => {
    fc.assert(
      fc.property(
        piece,
        piece,
        piece,
        fc.boolean(),
        fc.boolean(),
        (before, after, raw, multiline, truncated) => {
          const ghost = shapeGhost(raw, { before, after, multiline, truncated });
          if (ghost.kind === 'nothing') return;
          expect(raw).toContain(ghost.text);
          expect(ghost.text.trim()).not.toBe('');
          if (after.trim() === '') expect(ghost.text.trimEnd()).toBe(ghost.text);
          expect(multiline || !ghost.text.includes('\n')).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('replaces only characters that the suggestion has too, in order, so that an editor can show it', () => {
    fc.assert(
      fc.property(piece, piece, piece, (before, after, raw) => {
        const ghost = shapeGhost(raw, { before, after, multiline: true, truncated: false });
        if (ghost.kind === 'nothing') return;
        let found = 0;
        const replaced = after.slice(0, ghost.replaceRight);
        for (const character of ghost.text) if (character === replaced.charAt(found)) found++;
        expect(found).toBe(replaced.length);
        expect(replaced).not.toContain('\n');
      }),
      { numRuns: 2000 },
    );
  });

  const word = fc.stringMatching(/^[a-c]{1,3} = [0-9];$/);

  it('never doubles the line after the cursor', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), word, fc.array(word), (said, next, more) => {
        const ghost = shapeGhost([...said, next, ...more].join('\n'), {
          before: 'start {\n',
          after: `\n${next}\n}`,
          multiline: true,
          truncated: false,
        });
        if (ghost.kind === 'text') expect(ghost.text.split('\n')).not.toContain(next);
      }),
    );
  });

  it('never doubles the rest of the line', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-c +]{1,12}$/),
        fc.constantFrom(')', '))', ']', '");', ') {'),
        (said, rest) => {
          const opening = rest.includes('"')
            ? '"'
            : rest.startsWith('))')
              ? '(('
              : rest.startsWith(']')
                ? '['
                : '(';
          const before = `call${opening}`;
          const ghost = shapeGhost(said + rest, {
            before,
            after: `${rest}\nnext`,
            multiline: false,
            truncated: false,
          });
          if (ghost.kind === 'text') {
            expect(ghost.text.trim() + rest.slice(ghost.replaceRight)).toBe(said.trim() + rest);
          }
        },
      ),
    );
  });
});
