/** Bundles `bench/NAME.ts` into `folder`; resolves to the file. */
export function bundle(name: string, folder: string): Promise<string>;
