/** Files whose text is never read: those that the setting chorus.secretFiles names. */

import picomatch from 'picomatch';

export type IsSecretFile = (path: string) => boolean;

/**
 * Patterns are globs. One without a slash is against the file's name; one with a slash against the end of its path, or against the
 * whole path where the slash leads; one that ends with a slash names a folder and all in it. Upper and lower case are the same,
 * and so are the two kinds of slashes.
 */
export function secretFiles(patterns: readonly string[]): IsSecretFile {
  const options = { dot: true, nocase: true };
  const written = patterns.map((pattern) => pattern.replaceAll('\\', '/'));
  const names = picomatch(
    written.filter((pattern) => !pattern.includes('/')),
    options,
  );
  const paths = picomatch(written.filter((pattern) => pattern.includes('/')).map(pathPattern), options);
  return (path) => {
    const parts = path.split(/[\\/]/).filter((part) => part !== '');
    return names(parts.at(-1) ?? '') || paths(parts.join('/'));
  };
}

/** As it is held against a path without the slash that leads it. */
function pathPattern(pattern: string): string {
  const whole = pattern.endsWith('/') ? `${pattern}**` : pattern;
  if (whole.startsWith('/')) return whole.slice(1);
  return whole.startsWith('!') ? whole : `**/${whole}`;
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
