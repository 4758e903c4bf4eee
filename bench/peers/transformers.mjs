// transformers.js: one model, or several run in turn for every token, which is the least that mixing them would cost there.
// It runs the forward pass by hand and takes the likeliest token of the first model; `generate` does that and more besides.
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { AutoModelForCausalLM, DynamicCache, env, Tensor } from '@huggingface/transformers';
import { serve } from './serve.mjs';

env.allowRemoteModels = false;
env.useFSCache = false;

serve(async ({ models, threads }) => {
  const loaded = [];
  for (const folder of models) {
    env.localModelPath = dirname(folder);
    loaded.push(
      await AutoModelForCausalLM.from_pretrained(basename(folder), {
        dtype: 'q4',
        device: 'cpu',
        local_files_only: true,
        session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
      }),
    );
  }
  const require = createRequire(import.meta.resolve('@huggingface/transformers'));
  return {
    versions: {
      'transformers.js': env.version,
      'its onnxruntime-node': require('onnxruntime-node/package.json').version,
    },
    // It cannot go back in its cache, so a prompt is always read whole, `warm` or not.
    async *answer({ prompt, tokens }) {
      const caches = loaded.map(() => new DynamicCache());
      let input = prompt;
      for (let length = prompt.length; length < prompt.length + tokens; length++) {
        let next;
        for (const [i, model] of loaded.entries()) {
          const { logits, ...present } = await model.forward({
            input_ids: integers(input),
            attention_mask: integers(new Array(length).fill(1)),
            past_key_values: caches[i],
          });
          caches[i] = new DynamicCache(
            Object.fromEntries(
              Object.entries(present).map(([name, tensor]) => [
                name.replace('present', 'past_key_values'),
                tensor,
              ]),
            ),
          );
          next ??= likeliest(logits);
        }
        yield next;
        input = [next];
      }
    },
  };
});

function integers(values) {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
}

/** The token with the highest of the last row's logits. */
function likeliest({ data, dims }) {
  const vocabulary = dims.at(-1);
  const start = data.length - vocabulary;
  let best = start;
  for (let i = start + 1; i < data.length; i++) if (data[i] > data[best]) best = i;
  return best - start;
}
