/** Where a `$ref` leads inside its schema. */

import { refuse, type Schema } from './schema-keywords.ts';

/** What a JSON pointer in a `$ref` leads to (RFC 6901); throws a `ChorusError` where it leads nowhere. */
export function resolve(root: unknown, ref: string, at: string): unknown {
  let target = root;
  for (const part of ref.split('/').slice(1)) {
    const key = unescaped(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof target !== 'object' || target === null || !Object.hasOwn(target, key)) {
      throw refuse(at, `has the $ref '${ref}', which leads nowhere`);
    }
    target = (target as Schema)[key];
  }
  return target;
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
