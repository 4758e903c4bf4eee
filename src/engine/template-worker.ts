/** Renders one Jinja template at a time; its parent bounds its time and memory. */

import { parentPort } from 'node:worker_threads';
import { Template } from '@huggingface/jinja';
import { TEMPLATE_LIMITS, type TemplateAnswer, type TemplateQuestion } from './template.ts';

function render({ template, variables }: TemplateQuestion): TemplateAnswer {
  try {
    const text = new Template(template).render({ ...variables });
    if (text.length > TEMPLATE_LIMITS.characters) {
      return { kind: 'failed', why: `it wrote more than ${TEMPLATE_LIMITS.characters} characters` };
    }
    return { kind: 'rendered', text };
  } catch (thrown) {
    return { kind: 'failed', why: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 300) };
  }
}

parentPort?.on('message', (question: TemplateQuestion) => parentPort?.postMessage(render(question)));
