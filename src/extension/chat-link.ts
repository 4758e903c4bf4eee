/** Which addresses the chat may hand to the editor to open. */

/** The address where it is a whole http or https one; undefined for everything else (`command:`, `file:`, ...). */
export function webAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}
