import type { KeyPair } from '../../proto/remote/certificate.ts';
import { decodeToken, type TrustToken } from '../../proto/remote/token.ts';
import { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { fetchServerCertificate, tlsDialer } from '../client/tls.ts';
import { formatUrl, parseAddress } from '../client/way.ts';
import type { Context } from '../commands/command.ts';
import { printable } from '../output/printable.ts';
import { Questions } from '../terminal/prompt.ts';

export interface AddRequest {
  /** A token or an address. */
  readonly word: string;
  /** A token, for an address. */
  readonly token: string | undefined;
  readonly acceptCertificate: boolean;
  readonly pair: KeyPair;
}

/** A server that was found, and that trusts this client. */
export interface FoundRemote {
  readonly url: string;
  readonly certificatePem: string;
  /** The project to work in; empty: the default one. */
  readonly project: string;
}

/** Finds a server, makes sure that it is the right one, and becomes its client. */
export async function findRemote(context: Context, request: AddRequest): Promise<FoundRemote> {
  const given = decodeToken(request.word);
  const token = given ?? tokenOf(request.token);
  const found = given === undefined ? await atAddress(context, request, token) : await fromToken(given, request.pair);
  const dialer = tlsDialer({ ...found, ...request.pair, serverCertificatePem: found.pem });
  const project = await becomeClient(context, () => new Connection(dialer), token);
  return { url: formatUrl(found), certificatePem: found.pem, project };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly pem: string;
}

function tokenOf(word: string | undefined): TrustToken | undefined {
  if (word === undefined) return undefined;
  const token = decodeToken(word.trim());
  if (token === undefined) throw new Failure('The token is not one that "yurt config trust add" prints: was it cut?');
  return token;
}

/** The first of the token's addresses at which its server answers; others may be those of other hosts, seen from here. */
async function fromToken(token: TrustToken, pair: KeyPair): Promise<Place> {
  if (token.expiresAt !== undefined && token.expiresAt <= new Date()) throw new Failure('The token has expired');
  const reasons: string[] = [];
  for (const address of token.addresses) {
    const place = parseAddress(address);
    if (place === undefined) continue;
    try {
      const { pem, fingerprint } = await fetchServerCertificate({ ...place, ...pair });
      if (fingerprint === token.fingerprint) return { ...place, pem };
      reasons.push(`${address}: it is another server than the token's`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      reasons.push(error.message);
    }
  }
  throw new Failure(`The server of the token cannot be reached: ${reasons.join('; ') || 'it says no address'}`);
}

async function atAddress(context: Context, request: AddRequest, token: TrustToken | undefined): Promise<Place> {
  const place = parseAddress(request.word);
  if (place === undefined) throw new Failure(`"${request.word}" is neither a token nor an address, HOST[:PORT]`);
  const { pem, fingerprint } = await fetchServerCertificate({ ...place, ...request.pair });
  if (token !== undefined && token.fingerprint !== fingerprint) {
    throw new Failure(`The server at ${request.word} is another than the token's: its fingerprint is ${fingerprint}`);
  }
  if (token === undefined && !request.acceptCertificate) await confirmFingerprint(context, fingerprint);
  return { ...place, pem };
}

/** What others print the fingerprint as is accepted too: with colons, in capitals. */
async function confirmFingerprint({ terminal }: Context, fingerprint: string): Promise<void> {
  using questions = new Questions(terminal);
  await terminal.error.write(`Certificate fingerprint: ${fingerprint}\n`);
  for (;;) {
    const answer = (await questions.ask('ok (y/n/[fingerprint])? ')).trim().toLowerCase();
    if (answer === 'y' || answer === 'yes' || answer.replaceAll(':', '') === fingerprint) return;
    if (answer === 'n' || answer === 'no') throw new Failure('The certificate was not accepted: nothing is added');
    if (/^[0-9a-f:]{32,}$/.test(answer)) throw new Failure('The fingerprint is another: nothing is added');
  }
}

/** Makes the server trust this client unless it does. Resolves to the project to work in. */
async function becomeClient(context: Context, open: () => Connection, token: TrustToken | undefined): Promise<string> {
  const projects = await visibleProjects(open);
  if (projects !== undefined) return projectAmong(projects);
  const { secret } = token ?? (await askForToken(context));
  const granted = await using(open, (connection) =>
    connection.call('TrustService', 'RedeemTrustToken', { secret }, { timeoutMs }),
  );
  if (!granted.restricted) return '';
  return projectAmong((await visibleProjects(open)) ?? granted.projects);
}

/** Empty: the default one. */
function projectAmong(projects: readonly string[]): string {
  return projects.includes('default') ? '' : (projects[0] ?? '');
}

const timeoutMs = 20_000;

/** Undefined when the server does not trust this client. */
async function visibleProjects(open: () => Connection): Promise<readonly string[] | undefined> {
  try {
    const { projects } = await using(open, (connection) =>
      connection.call('ProjectService', 'ListProjects', {}, { timeoutMs }),
    );
    return projects.map(({ name }) => name);
  } catch (error) {
    if (Failure.is(error, 'unauthenticated')) return undefined;
    throw error;
  }
}

async function askForToken({ terminal }: Context): Promise<TrustToken> {
  const remedy = 'make a token there with "yurt config trust add NAME"';
  if (!terminal.input.isTty) throw new Failure(`The server does not trust this client: ${remedy}`);
  await terminal.error.write(printable(`The server does not trust this client yet: ${remedy}.`).concat('\n'));
  using questions = new Questions(terminal);
  const token = tokenOf(await questions.ask('Token: '));
  if (token === undefined) throw new Failure('No token was given');
  return token;
}

async function using<Result>(open: () => Connection, use: (connection: Connection) => Promise<Result>) {
  const connection = open();
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}
