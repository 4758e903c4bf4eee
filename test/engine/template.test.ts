/** A model's chat template, which may be anything: what it costs is bounded, and the next one finds the renderer whole. */

import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createTemplateRenderer,
  type PromptPiece,
  type TemplateLimits,
  type TemplateRenderer,
} from '../../src/engine/template.ts';
import { programs } from '../programs.ts';

/** Smaller than the engine's, so that nobody waits for them. */
const limits: TemplateLimits = { milliseconds: 5000, mebibytes: 24, characters: 10_000 };
const program = join(programs, 'template-process.js');
const tight = createTemplateRenderer(program, limits);
const hasty = createTemplateRenderer(program, { ...limits, milliseconds: 500 });
const usual = createTemplateRenderer(program);
afterAll(() => {
  for (const renderer of [tight, hasty, usual]) renderer.dispose();
});

const render = (template: string, renderer: TemplateRenderer): Promise<PromptPiece[]> =>
  renderer.render({
    template,
    names: {},
    messages: [{ role: 'user', content: 'Hi {{ 1 }}' }],
    file: '/model/tokenizer_config.json',
  });
const plain = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}{% endfor %}";
/** Rounds of three loops, none of them so long that its range takes memory. */
const nested = (n: number): string =>
  `${[...'ijk'].map((name) => `{% for ${name} in range(${n}) %}`).join('')}${'{% endfor %}'.repeat(3)}done`;
const written = (n: number): string => `{% for i in range(${n}) %}${'x'.repeat(1000)}{% endfor %}`;

describe('a chat template', () => {
  it.each([
    ['takes too long', hasty, nested(1000), /ran longer than 500 ms/],
    ['takes too much memory', tight, '{% for i in range(100000000) %}x{% endfor %}', /24 MiB of memory/],
    ['writes too much', tight, written(11), /wrote more than 10000 characters/],
    ['is not a template', tight, '{% for %}', /cannot be used/],
    ['raises', tight, "{{ raise_exception('no roles') }}", /no roles/],
  ])(
    'that %s is refused with its file, and the next one is rendered',
    async (_, renderer, template, message) => {
      await expect(render(template, renderer)).rejects.toMatchObject({
        failure: {
          code: 'template-invalid',
          file: '/model/tokenizer_config.json',
          message: expect.stringMatching(message),
        },
      });
      // What the user wrote is no part of the template.
      expect(await render(plain, renderer)).toEqual([
        { kind: 'markup', text: 'user: ' },
        { kind: 'content', text: 'Hi {{ 1 }}', message: 0 },
      ]);
    },
  );

  it('that does as much within the limits is rendered (negative control)', async () => {
    expect(await render(nested(20), hasty)).toEqual([{ kind: 'markup', text: 'done' }]);
    expect(await render('{% for i in range(1000) %}{% endfor %}done', tight)).toEqual([
      { kind: 'markup', text: 'done' },
    ]);
    expect(await render(written(9), tight)).toEqual([{ kind: 'markup', text: 'x'.repeat(9000) }]);
    // The engine's own limits are wider.
    expect(await render(written(11), usual)).toEqual([{ kind: 'markup', text: 'x'.repeat(11_000) }]);
  });
});
