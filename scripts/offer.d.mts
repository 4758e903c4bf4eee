export function whatIsOffered(
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
): string;
