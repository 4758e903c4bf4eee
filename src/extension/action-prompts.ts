/** What the experts are asked for each action on a piece of text. Short: the experts are small, and every word takes room. */

export const actionNames = [
  'explain',
  'fix',
  'tests',
  'document',
  'simplify',
  'formulaToCode',
  'codeToFormula',
] as const;

export type ActionName = (typeof actionNames)[number];

export interface ActionInput {
  readonly text: string;
  /** The editor's name of it: `typescript`. */
  readonly language: string;
  /** Its name alone. */
  readonly file: string;
  /** What the editor found wrong with it. */
  readonly problems?: readonly string[];
  /** What the user adds in words. */
  readonly wish?: string;
}

export function actionPrompt(action: ActionName, input: ActionInput): string {
  const wish = input.wish?.trim() ?? '';
  const parts = [instructionOf(action, input), fenced(input.text, input.language), wish];
  return parts.filter((part) => part !== '').join('\n\n');
}

function instructionOf(action: ActionName, { language, file, problems = [] }: ActionInput): string {
  const whole = 'Answer with the whole changed code in one code block.';
  switch (action) {
    case 'explain':
      return `Explain this part of ${file}:`;
    case 'fix': {
      const found = problems.map((problem) => `- ${problem.replace(/\s+/g, ' ')}`).join('\n');
      return found === ''
        ? `Fix the mistakes in this ${language} code. ${whole}`
        : `Fix these problems in the ${language} code. ${whole}\n${found}`;
    }
    case 'tests':
      return `Write unit tests for this ${language} code. Answer with one code block.`;
    case 'document':
      return `Add a documentation comment to this ${language} code, and change nothing else. ${whole}`;
    case 'simplify':
      return `Make this ${language} code simpler, so that it does the same. ${whole}`;
    case 'formulaToCode':
      return `Write this formula as a function in ${codeLanguage(language)}. Answer with one code block.`;
    case 'codeToFormula':
      return `Write what this ${language} code computes as a formula in LaTeX, between \\[ and \\].`;
    default:
      return action satisfies never;
  }
}

/** A formula stands in a text as often as in code. */
export function codeLanguage(language: string): string {
  return /^(?:latex|tex|markdown|plaintext|quarto|restructuredtext)$/.test(language) ? 'python' : language;
}

/** Formula to code where the text is a formula, code to formula where it is code. */
export function formulaAction({ text, language }: Pick<ActionInput, 'text' | 'language'>): ActionName {
  const isFormula = codeLanguage(language) !== language || /\\[a-zA-Z]+|\$[^$]+\$/.test(text);
  return isFormula ? 'formulaToCode' : 'codeToFormula';
}

/** With more backticks than the text has in a row. */
export function fenced(text: string, language: string): string {
  if (text === '') return '';
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
