/** Addresses of indexes and hubs may hold a name and a password, which belong in no sentence and in no list. */
export function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/\s@]+@/g, '//');
}
