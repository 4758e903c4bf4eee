/** A GGUF file, or several that are parts of one, as a whole model: weights under Hugging Face's names, the config, the tokenizer. */

import type { ModelConfig } from './config.ts';
import { readGgufConfig } from './gguf-config.ts';
import { huggingFaceTensors } from './gguf-names.ts';
import { openGgufParts } from './gguf-split.ts';
import { readGgufTokenizer, type TokenizerFiles } from './gguf-tokenizer.ts';
import type { TensorSource } from './tensor-source.ts';

export interface GgufModel {
  readonly config: ModelConfig;
  readonly tokenizer: TokenizerFiles;
  /** Closing it closes the file. */
  readonly weights: TensorSource;
}

/** Opens `file`, or what it is a part of; every wrong or unsupported part is a `ChorusError` that names it. */
export async function openGgufModel(file: string): Promise<GgufModel> {
  const gguf = await openGgufParts(file);
  try {
    const config = await readGgufConfig(gguf);
    const tokenizer = readGgufTokenizer(file, gguf.metadata);
    return { config, tokenizer, weights: huggingFaceTensors(gguf, config) };
  } catch (thrown) {
    await gguf.close();
    throw thrown;
  }
}
