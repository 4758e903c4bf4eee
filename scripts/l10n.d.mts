export type Words = Readonly<Record<string, string>>;
export function messagesOfCode(): string[];
export function messagesOf(name: string, text: string, options?: { readonly atOnce?: boolean }): string[];
export function keysOf(manifest: unknown): string[];
export function faultsOf(words: Words, translation: Words, name: string): string[];
export function misnamed(
  words: Words,
  translation: Words,
  commands: { readonly titles: Words; readonly translated: Words },
): string[];
export function faultsInJapanese(): string[];
