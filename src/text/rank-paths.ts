/** Orders paths by how well they fit what was typed of one. */

/** Those that fit, the best first, at most `most`; what fits equally well stays in the order given. */
export function rankPaths(paths: readonly string[], query: string, most: number): string[] {
  const wanted = query.toLowerCase();
  return paths
    .map((path) => ({ path, rank: rankOf(path.toLowerCase(), wanted) }))
    .filter(({ rank }) => rank !== undefined)
    .toSorted((one, other) => (one.rank ?? 0) - (other.rank ?? 0))
    .slice(0, most)
    .map(({ path }) => path);
}

/** 0 is best; undefined where the letters do not even stand in this order. */
function rankOf(path: string, wanted: string): number | undefined {
  if (wanted === '') return 0;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name.startsWith(wanted) || path.startsWith(wanted)) return 0;
  if (name.includes(wanted)) return 1;
  if (path.includes(wanted)) return 2;
  let at = 0;
  for (const letter of path) if (letter === wanted.charAt(at)) at++;
  return at >= wanted.length ? 3 : undefined;
}
