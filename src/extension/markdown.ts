/** Plain text inside the editor's Markdown. */

/** Neither Markdown nor an icon comes out of `text`. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, '\\$&').replaceAll('\n', ' ');
}
