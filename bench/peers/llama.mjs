// llama.cpp, through node-llama-cpp, on the processor: one model from a GGUF file.
import { readFile } from 'node:fs/promises';
import { getLlama } from 'node-llama-cpp';
import { serve } from './serve.mjs';

serve(async ({ models: [modelPath], threads, longest }) => {
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const context = await model.createContext({
    contextSize: 256 * Math.ceil(longest / 256),
    threads: { ideal: threads, min: threads },
  });
  const sequence = context.getSequence();
  const described = new URL('../package.json', import.meta.resolve('node-llama-cpp'));
  const { version } = JSON.parse(await readFile(described, 'utf8'));
  return {
    versions: {
      'node-llama-cpp': version,
      'llama.cpp': `${llama.llamaCppRelease.release}, ${llama.buildType}`,
      gguf: model.typeDescription,
    },
    async *answer({ prompt, tokens, warm }) {
      if (warm) await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
      else await sequence.clearHistory();
      const rest = prompt.slice(sequence.nextTokenIndex);
      let left = tokens;
      for await (const token of sequence.evaluate(rest, { temperature: 0, yieldEogToken: true })) {
        yield token;
        left -= 1;
        if (left === 0) return;
      }
    },
  };
});
