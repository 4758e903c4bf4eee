/** Renders one Jinja template at a time, for at most so long; its parent bounds its memory. */

import { createContext, Script } from 'node:vm';
import { Template } from '@huggingface/jinja';
import { type TemplateAnswer, type TemplateQuestion, tooLong } from './template.ts';

/** Only a script can be interrupted, so the rendering is called from one. */
const script = new Script('render()');

function answer({ template, variables, limits }: TemplateQuestion): TemplateAnswer {
  const render = (): string => new Template(template).render({ ...variables });
  try {
    const text = script.runInContext(createContext({ render }), { timeout: limits.milliseconds });
    if (text.length > limits.characters) {
      return { kind: 'failed', why: `it wrote more than ${limits.characters} characters` };
    }
    return { kind: 'rendered', text };
  } catch (thrown) {
    // It comes from the script's own realm, where Error is another class.
    if ((thrown as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      return { kind: 'failed', why: tooLong(limits) };
    }
    return { kind: 'failed', why: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 300) };
  }
}

process.on('message', (question: TemplateQuestion) => process.send?.(answer(question)));
