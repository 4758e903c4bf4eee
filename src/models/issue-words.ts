/** What a check by a schema found wrong, in words for people. */

import type * as v from 'valibot';

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  bigint: 'a number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  loose_object: 'an object',
  strict_object: 'an object',
  record: 'an object',
  integer: 'a whole number',
  safe_integer: 'a whole number',
  finite: 'a finite number',
};

/** As in "'topP' must be at most 1, not 7": where, what it must be, and what it is. */
export function issueWords(issue: v.BaseIssue<unknown>): string {
  const { type, input, requirement } = issue;
  const path = (issue.path ?? []).map(({ key }) =>
    typeof key === 'number' ? `[${key}]` : `.${String(key)}`,
  );
  const where = path.length === 0 ? '' : `'${path.join('').replace(/^\./, '').slice(0, 200)}' `;
  const must = (what: string): string => `${where}must be ${what}, not ${shown(input)}`;
  const counted = typeof input === 'string' ? 'characters' : 'entries';
  const kind = kinds[type];
  if (kind !== undefined) return must(kind);
  switch (type) {
    case 'min_value':
      return must(`at least ${requirement}`);
    case 'max_value':
      return must(`at most ${requirement}`);
    case 'gt_value':
      return must(`above ${requirement}`);
    case 'lt_value':
      return must(`below ${requirement}`);
    case 'min_length':
      return sizeOf(input) === 0
        ? `${where}must not be empty`
        : `${where}must have at least ${requirement} ${counted}`;
    case 'max_length':
      return `${where}must have at most ${requirement} ${counted}, not ${sizeOf(input)}`;
    case 'picklist':
    case 'literal':
    case 'enum':
      return must(choice(issue.expected));
    case 'union':
    case 'variant':
      return issue.message.startsWith('Invalid ') ? must(choice(issue.expected)) : where + issue.message;
    default:
      return where + issue.message;
  }
}

/** `("a" | "b")` as `a or b`; types by their names for people. */
function choice(expected: string | null): string {
  const options = (expected ?? 'something else').replace(/^\(|\)$/g, '').split(' | ');
  const words = options.map((option) => kinds[option.toLowerCase()] ?? option.replaceAll('"', ''));
  const [last = '', ...others] = words.reverse();
  return others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`;
}

function shown(input: unknown): string {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'an object';
  const text = typeof input === 'string' ? `'${input}'` : String(input);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function sizeOf(input: unknown): number {
  return typeof input === 'string' || Array.isArray(input) ? input.length : Number.NaN;
}
