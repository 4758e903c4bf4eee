import { expect, it } from 'vitest';
import { problem } from '../../src/fetch/pip-refusal.ts';
import { withoutSecrets } from '../../src/fetch/without-secrets.ts';

const command = 'pip --index-url https://me:secret@packages.example/simple';

it('a password in an address is in no sentence, and what has none stays as it is (control)', () => {
  expect(withoutSecrets(command)).toBe('pip --index-url https://packages.example/simple');
  expect(withoutSecrets('mail me@packages.example')).toBe('mail me@packages.example');
  expect(problem(`the command '${command}' does not start`, `Try ${command}`).message).not.toContain(
    'secret',
  );
});
