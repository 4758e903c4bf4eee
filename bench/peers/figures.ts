/** What was measured, and what of it was wanted. */

export type Runtime = 'Chorus' | 'transformers.js' | 'llama.cpp';

/**
 * decode     a token after the first
 * prefill    a prompt that is new, to its first token
 * keystroke  a prompt that is known but for one more character, to its first token
 */
export type Work = 'decode' | 'prefill' | 'keystroke';

export interface Figure {
  readonly runtime: Runtime;
  readonly work: Work;
  /** Tokens of the prompt. */
  readonly context: number;
  /** How many experts give each token. */
  readonly experts: number;
  /** Milliseconds, the median of the rounds. */
  readonly ms: number;
  readonly rounds: readonly number[];
}

export type Key = Pick<Figure, 'runtime' | 'work' | 'context' | 'experts'>;

export function msOf(figures: readonly Figure[], wanted: Key): number | undefined {
  return figures.find(
    ({ runtime, work, context, experts }) =>
      runtime === wanted.runtime &&
      work === wanted.work &&
      context === wanted.context &&
      experts === wanted.experts,
  )?.ms;
}

export interface Target {
  readonly title: string;
  /** The quotient that the target is about; undefined where a part of it was not measured. */
  readonly value: number | undefined;
  readonly bound: number;
  readonly kind: 'at least' | 'at most';
  readonly verdict: 'met' | 'not met' | 'not measured';
}

/** What the runtime is meant to reach. */
export function targets(figures: readonly Figure[]): readonly Target[] {
  const decode = (runtime: Runtime, context: number, experts = 1): Key => ({
    runtime,
    work: 'decode',
    context,
    experts,
  });
  const quotient = (above: Key, below: Key): number | undefined => {
    const [a, b] = [msOf(figures, above), msOf(figures, below)];
    return a === undefined || b === undefined ? undefined : a / b;
  };
  const atLeast = (title: string, bound: number, value: number | undefined): Target => ({
    title,
    value,
    bound,
    kind: 'at least',
    verdict: verdict(value, (measured) => measured >= bound),
  });
  const atMost = (title: string, bound: number, value: number | undefined): Target => ({
    title,
    value,
    bound,
    kind: 'at most',
    verdict: verdict(value, (measured) => measured <= bound),
  });
  return [
    atLeast(
      'two experts mixed at context 1,024: tokens/s over those of transformers.js running the same two in turn',
      2.5,
      quotient(decode('transformers.js', 1024, 2), decode('Chorus', 1024, 2)),
    ),
    ...[32, 256, 1024].map((context) =>
      atLeast(
        `one expert at context ${context.toLocaleString('en')}: tokens/s over those of llama.cpp`,
        0.9,
        quotient(decode('llama.cpp', context), decode('Chorus', context)),
      ),
    ),
    atMost(
      'a token at context 1,024 over one at context 32',
      1.5,
      quotient(decode('Chorus', 1024), decode('Chorus', 32)),
    ),
    atMost(
      'first token after one more character behind 1,000 known tokens, in tokens at context 1,024',
      2,
      quotient({ runtime: 'Chorus', work: 'keystroke', context: 1000, experts: 1 }, decode('Chorus', 1024)),
    ),
  ];
}

function verdict(value: number | undefined, reached: (value: number) => boolean): Target['verdict'] {
  if (value === undefined || Number.isNaN(value)) return 'not measured';
  return reached(value) ? 'met' : 'not met';
}
