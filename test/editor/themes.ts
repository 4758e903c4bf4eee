// What VS Code gives to a webview in its four kinds of theme: taken from a chat view in VS Code 1.139 by themes.json's own names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const themes = ['light', 'dark', 'hc-light', 'hc-dark'] as const;
export type Theme = (typeof themes)[number];

interface Given {
  /** Classes of the body. */
  readonly className: string;
  /** Custom properties of the root that the page uses. */
  readonly variables: Readonly<Record<string, string>>;
}

interface File {
  /** The style that VS Code puts before a webview's own. */
  readonly base: string;
  readonly themes: Readonly<Record<Theme, Given>>;
}

const file = JSON.parse(readFileSync(join('test', 'editor', 'themes.json'), 'utf8')) as File;

export const baseStyle = file.base;

export function themeStyle(theme: Theme): { readonly style: string; readonly className: string } {
  const { className, variables } = file.themes[theme];
  const style = Object.entries(variables).map(([name, value]) => `${name}: ${value}`);
  return { style: style.join('; ').replaceAll('"', '&quot;'), className };
}
