import { expect, it } from 'vitest';
import { editedMeanwhile } from '../../src/extension/edited-meanwhile.ts';

const document = { version: 3, isClosed: false, uri: { path: '/w/src/a.ts' } };

it('an answer fits the version that was asked about, and no other', () => {
  expect(editedMeanwhile(document, 3)).toBeUndefined();
  expect(editedMeanwhile({ ...document, version: 4 }, 3)).toMatch(/^a\.ts was edited meanwhile/);
  expect(editedMeanwhile({ ...document, isClosed: true }, 3)).toMatch(/^a\.ts was edited meanwhile/);
});
