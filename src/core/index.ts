/** The mathematics of mixing distributions at decode time, without any model, file or clock. */

export * from './advice.ts';
export * from './byte-followers.ts';
export * from './byte-model.ts';
export * from './byte-vocabulary.ts';
export * from './constraint.ts';
export * from './decode.ts';
export * from './decode-bytes.ts';
export * from './decode-error.ts';
export * from './distribution.ts';
export * from './expert.ts';
export * from './kept.ts';
export * from './lookup.ts';
export * from './mix.ts';
export * from './pool.ts';
export * from './proportions.ts';
export * from './random.ts';
export * from './rerank.ts';
export * from './route.ts';
export * from './sampler.ts';
export * from './slide.ts';
export * from './step.ts';
export * from './stop.ts';
export * from './utf8.ts';
export * from './veto.ts';
export * from './weighting.ts';
export * from './weights.ts';
