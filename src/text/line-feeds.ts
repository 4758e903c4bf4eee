/** Line ends as the experts get them. */

export function withLineFeeds(text: string): string {
  return text.replaceAll('\r\n', '\n');
}
