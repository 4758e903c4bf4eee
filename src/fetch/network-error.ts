/** What can go wrong on the way to a hub, told from everything else, and said in words. */

/** An answer's body ended early, or came too slowly. */
export class BodyBroken extends Error {}

/** Of the error or of what caused it; empty where there is none. */
export function codeOf(thrown: unknown): string {
  const { code, cause } = thrown as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return typeof cause === 'object' && cause !== null ? codeOf(cause) : '';
}

export function isOfNetwork(thrown: unknown): boolean {
  return thrown instanceof BodyBroken || codeOf(thrown) !== '' || (thrown as Error).name === 'SocketError';
}

export function isOfCertificate(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL/.test(code);
}

/** What went wrong, as the rest of a sentence about the hub. */
export function networkSentence(thrown: unknown): string {
  const code = codeOf(thrown);
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  if (isOfCertificate(code)) {
    return `its certificate is not trusted (${code}). Where your network has one of its own, name its file in NODE_EXTRA_CA_CERTS`;
  }
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no way to it: its name is not known here (is there a network?)';
    case 'ECONNREFUSED':
      return 'it refuses connections';
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'it cannot be reached';
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'it stopped sending';
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection broke';
    default:
      return said.slice(0, 200);
  }
}
