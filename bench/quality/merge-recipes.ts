/** The merges that mixtures are compared with, at the settings of arXiv 2411.00406, as recipes of mergekit. */

export interface Pair {
  /** Short names in the tables. */
  readonly first: string;
  readonly second: string;
  /** What both were fine-tuned from; undefined: the first counts as the base, as in the paper's own recipes. */
  readonly base: string | undefined;
}

export interface NamedRecipe {
  /** In the tables. */
  readonly name: string;
  readonly recipe: object;
  /** Of an EMR merge: which expert is rebuilt from it. */
  readonly rebuilt?: string;
}

/** .9 of the first, .1 of the second, the density .9 and t .1. */
const [MOST, LEAST, DENSITY, T] = [0.9, 0.1, 0.9, 0.1];

/**
 * With a common base each expert is a task vector: weights .9 and .1, normalised, as the merges in test/golden/merge.json. Without one the
 * recipes are those of github.com/knovel-eng/mod (configs/): the first expert is the base, and the second the only task vector.
 */
export function recipesOf({ first, second, base }: Pair): NamedRecipe[] {
  const weighted = (density?: number): object[] => [
    { model: first, parameters: { weight: MOST, ...(density !== undefined && { density }) } },
    { model: second, parameters: { weight: LEAST, ...(density !== undefined && { density }) } },
  ];
  const overFirst = [{ model: first }, { model: second, parameters: { density: DENSITY, weight: LEAST } }];
  const models = base === undefined ? overFirst : weighted(DENSITY);
  const base_model = base ?? first;
  const common = { dtype: 'float32' };
  const normalize = { parameters: { normalize: true } };
  const named: NamedRecipe[] = [
    { name: 'Linear', recipe: { merge_method: 'linear', models: weighted(), ...common } },
    {
      name: 'Task Arithmetic',
      recipe: { merge_method: 'task_arithmetic', base_model, models: weighted(), ...normalize, ...common },
    },
    { name: 'TIES', recipe: { merge_method: 'ties', base_model, models, ...normalize, ...common } },
    {
      name: 'DARE',
      recipe: {
        merge_method: 'dare_ties',
        base_model,
        models,
        ...(base !== undefined && normalize),
        ...common,
      },
    },
    {
      name: 'SLERP',
      recipe: {
        merge_method: 'slerp',
        base_model: first,
        models: [{ model: first }, { model: second }],
        parameters: { t: T },
        ...common,
      },
    },
  ];
  if (base === undefined) return named;
  const emr = {
    merge_method: 'emr',
    base_model: base,
    models: [{ model: first }, { model: second }],
    ...common,
  };
  return [
    ...named,
    { name: `EMR, rebuilt as ${first}`, recipe: emr, rebuilt: first },
    { name: `EMR, rebuilt as ${second}`, recipe: emr, rebuilt: second },
  ];
}
