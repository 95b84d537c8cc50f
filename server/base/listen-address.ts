/** Where a server listens on the network. */
export interface ListenAddress {
  /** An address, a host name, or empty: all addresses. */
  readonly host: string;
  readonly port: number;
}

export const defaultPort = 8443;

/** `host:port`, `:port`, `[v6]:port`, `host`, a bare address. Undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]*))(?::(\d{1,5}))?$/.exec(text);
  if (match === null || text === '') return undefined;
  const [, inBrackets, plain = '', digits] = match;
  if (inBrackets !== undefined && !isIPv6(inBrackets)) return undefined;
  const host = inBrackets ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  if (/^[\d.]+$/.test(host) && !isIPv4(host)) return undefined; // digits that are no address are no name either
  return { host, port };
}

/** `host:port`, with brackets where the host has colons. */
export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A check for configuration keys. */
export function checkListenAddress(value: string): string | undefined {
  return parseListenAddress(value) === undefined
    ? 'an address such as :8443, 10.0.0.1:8443 or [fd42::1]:8443'
    : undefined;
}

function isIPv6(text: string): boolean {
  return text.includes(':') && URL.canParse(`http://[${text}]`);
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}
