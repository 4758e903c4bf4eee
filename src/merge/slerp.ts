/** Spherical interpolation between two tensors, each taken as one vector (Shoemake 1985). */

/** Vectors whose directions differ by less are interpolated on the straight line between them, as mergekit does. */
const PARALLEL = 0.9995;
const SHORTEST = 1e-8;

/**
 * Writes sin((1-t)a)/sin(a) first + sin(t a)/sin(a) second into `out`, a being the angle between the two; `out` may be either.
 * @param t 0 gives `first`, 1 `second`
 */
export function slerpInto(first: Float32Array, second: Float32Array, t: number, out: Float32Array): void {
  const cosine = cosineOf(first, second);
  let [a, b] = [1 - t, t];
  if (Math.abs(cosine) <= PARALLEL) {
    const angle = Math.acos(cosine);
    a = Math.sin((1 - t) * angle) / Math.sin(angle);
    b = Math.sin(t * angle) / Math.sin(angle);
  }
  for (let i = 0; i < out.length; i++) out[i] = a * (first[i] as number) + b * (second[i] as number);
}

/** A vector too short to have a direction is taken as it is, so its cosine is near 0. */
function cosineOf(first: Float32Array, second: Float32Array): number {
  let product = 0;
  let firstSquares = 0;
  let secondSquares = 0;
  for (let i = 0; i < first.length; i++) {
    const x = first[i] as number;
    const y = second[i] as number;
    product += x * y;
    firstSquares += x * x;
    secondSquares += y * y;
  }
  const lengthOf = (squares: number): number => (Math.sqrt(squares) > SHORTEST ? Math.sqrt(squares) : 1);
  return product / (lengthOf(firstSquares) * lengthOf(secondSquares));
}
