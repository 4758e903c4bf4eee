/** The special tokens with which a model expects every text to begin (Llama's and Gemma's BOS; Qwen has none), from tokenizer.json. */

import * as v from 'valibot';

const sequenceSchema = v.object({ type: v.literal('Sequence'), processors: v.array(v.unknown()) });
const templateSchema = v.object({
  type: v.literal('TemplateProcessing'),
  single: v.array(
    v.union([
      v.object({ SpecialToken: v.object({ id: v.string() }) }),
      v.object({ Sequence: v.looseObject({}) }),
    ]),
  ),
});

/** More would be no beginning. */
const MOST = 8;

/** The names of the tokens before the text in the template of `postProcessor`; undefined where it has none that can be read. */
export function textBeginning(postProcessor: unknown): string[] | undefined {
  const steps = v.is(sequenceSchema, postProcessor) ? postProcessor.processors : [postProcessor];
  const template = steps.find((step) => v.is(templateSchema, step));
  if (template === undefined) return undefined;
  const names: string[] = [];
  for (const part of template.single.slice(0, MOST)) {
    if (!('SpecialToken' in part)) break;
    names.push(part.SpecialToken.id);
  }
  return names;
}
