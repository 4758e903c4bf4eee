export function listZip(zip: Buffer): string[];
