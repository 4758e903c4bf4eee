import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { firstMix } from '../../src/cli/chat.ts';
import { parseGenerate } from '../../src/cli/request.ts';
import { tinyRules } from '../../src/models/tiny.ts';
import { temporaryFolder } from '../programs.ts';

const active = (mix: ReturnType<typeof firstMix>) =>
  mix.experts.filter((expert) => expert.active).map(({ id }) => id);

it('starts a terminal with the pocket experts, and with Tiny once its base is there', () => {
  const cache = temporaryFolder();
  const before = firstMix({ models: '/m', cache });
  expect(active(before)).toEqual(['code', 'math']);
  expect(before).not.toHaveProperty('surfaces');
  mkdirSync(join(cache, 'models', 'smollm2-135m-instruct'), { recursive: true });
  const mix = firstMix({ models: '/m', cache });
  expect(active(mix)).toEqual(['tiny/base', 'tiny/code', 'tiny/math']);
  expect(mix).toMatchObject(tinyRules);
  expect(mix.experts.map(({ id }) => id)).toContain('pocket/general');
});

it('knows the experts of Tiny by name in a request, and takes any other name for a folder', () => {
  const request = (model: string) =>
    parseGenerate({ experts: [{ model }], prompt: 'a' }, '/m').mix.experts[0];
  const base = request('tiny/base')?.folder ?? '';
  expect(base).toMatch(/models.smollm2-135m-instruct$/);
  expect(request('tiny/code')).toMatchObject({ folder: join('/m', 'adapters', 'smollm2-135m-code'), base });
  expect(request('tiny/other')?.folder).toBe(join(process.cwd(), 'tiny', 'other'));
});
