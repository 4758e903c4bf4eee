/** Text that looks like a key or a password of a service: it is neither completed nor sampled. */

/** Shapes that their services give, so that a chance match is unlikely; of each the kind, for people. */
const shapes: readonly (readonly [kind: SecretKind, shape: RegExp])[] = [
  // Either end: a piece of a file may hold one of them alone.
  ['private-key', /-----(?:BEGIN|END) (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/],
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
  ['aws-key', /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/],
  // https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
  ['github-token', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})/],
  ['gitlab-token', /\bglpat-[A-Za-z0-9_-]{20,}/],
  [
    'api-key',
    /\bsk-(?:proj-|svcacct-|ant-)?(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{32,}/,
  ],
  ['google-key', /\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/],
  ['slack-token', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/],
  ['npm-token', /\bnpm_[A-Za-z0-9]{36}\b/],
];

export type SecretKind =
  | 'private-key'
  | 'aws-key'
  | 'github-token'
  | 'gitlab-token'
  | 'api-key'
  | 'google-key'
  | 'slack-token'
  | 'npm-token';

/** The kind of the first secret found; undefined where there is none of these shapes. */
export function secretIn(text: string): SecretKind | undefined {
  return shapes.find(([, shape]) => shape.test(text))?.[0];
}
