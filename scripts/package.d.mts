export function checkContents(entries: readonly string[], nativesWanted: readonly string[]): void;
