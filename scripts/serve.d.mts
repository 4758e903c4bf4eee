/** An installed code-server: run `node script …`. */
export interface CodeServer {
  readonly node: string;
  readonly script: string;
}

export interface Server {
  readonly address: string;
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
  output(): string;
}

export function installExtension(options: {
  codeServer: CodeServer;
  home: string;
  vsix: string;
}): Promise<void>;

export function startServer(options: {
  codeServer: CodeServer;
  home: string;
  folder: string;
  port?: number;
  env?: Readonly<Record<string, string>>;
  locale?: string | undefined;
}): Promise<Server>;
