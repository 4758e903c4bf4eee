/** Files whose text is never read: those that the setting chorus.secretFiles names. */

import picomatch from 'picomatch';

export type IsSecretFile = (path: string) => boolean;

/**
 * Patterns are globs against the whole path; one without a slash is against the file's name alone. Upper and lower case are the
 * same, and so are the two kinds of slashes.
 */
export function secretFiles(patterns: readonly string[]): IsSecretFile {
  const options = { dot: true, nocase: true };
  const names = picomatch(
    patterns.filter((pattern) => !pattern.includes('/')),
    options,
  );
  const paths = picomatch(
    patterns.filter((pattern) => pattern.includes('/')),
    options,
  );
  return (path) => {
    const parts = path.split(/[\\/]/).filter((part) => part !== '');
    return names(parts.at(-1) ?? '') || paths(parts.join('/'));
  };
}

/** The same, for a list that is asked for anew each time and seldom changes. */
export function watchedSecretFiles(patterns: () => readonly string[]): IsSecretFile {
  let known: readonly string[] | undefined;
  let isSecret: IsSecretFile = () => false;
  return (path) => {
    const now = patterns();
    if (now !== known) {
      isSecret = secretFiles(now);
      known = now;
    }
    return isSecret(path);
  };
}
