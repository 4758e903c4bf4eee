/** What is thrown as a sentence for people. */

import { expect, it } from 'vitest';
import { ChorusError, diskFull, toFailure } from '../../src/protocol/failure.ts';

it('a full disk is said as such wherever it is noticed, and with both numbers where they are known', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(toFailure({ ...full, path: '/c/graphs/x' })).toMatchObject({
    code: 'disk-full',
    message: expect.stringMatching(/^The disk of \/c\/graphs\/x is full\. Make room there/),
  });
  expect(toFailure(full).code).toBe('disk-full');
  const need = { what: 'The model', bytes: 2_000_000_001, free: 1_999_999 };
  expect(diskFull('/c', need).message).toMatch(
    /^The model needs 2,001 MB in \/c, and 1 MB are free there\. Make room/,
  );
  // The controls: another fault of the disk, and one that has its sentence.
  expect(toFailure(Object.assign(new Error('EACCES'), { code: 'EACCES' })).code).toBe('internal');
  expect(toFailure(new ChorusError('offline', 'No.'))).toEqual({ code: 'offline', message: 'No.' });
});
