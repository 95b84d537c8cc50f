import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Document as YamlDocument } from 'yaml';
import { Failure } from '../client/failure.ts';
import { fileFailure } from '../files/file-failure.ts';
import { parsedOnce } from './parsed-file.ts';

/** A server, and what is used of it. */
export interface Remote {
  /** `unix://` for the one of this host, else `https://host:port`. */
  readonly address: string;
  /** The project to work in unless `--project` says another; empty: the default one. */
  readonly project: string;
}

/** What the command line remembers for its user, in `config.yml`. */
export interface Settings {
  /** The server that commands are for which name none. */
  readonly defaultRemote: string;
  /** By name; the one of this host is always among them. */
  readonly remotes: Readonly<Record<string, Remote>>;
  /** Words for words: `ll` for `list -c ns4`. */
  readonly aliases: Readonly<Record<string, string>>;
  /** What the full-screen interface is told, as it was written: that reads it. */
  readonly screen?: unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;
type Document = Record<string, unknown>;

const maxFileBytes = 1024 * 1024;
/** The server of this host. */
export const localRemote = 'local';
const localAddress = 'unix://';

/** `$YURT_CONF/config.yml`, else in `yurt` below `$XDG_CONFIG_HOME` or `~/.config`. Undefined without a home. */
export function settingsPath(env: Environment): string | undefined {
  const { YURT_CONF, XDG_CONFIG_HOME, HOME } = env;
  if (YURT_CONF) return `${YURT_CONF}/config.yml`;
  if (XDG_CONFIG_HOME?.startsWith('/')) return `${XDG_CONFIG_HOME}/yurt/config.yml`;
  return HOME?.startsWith('/') ? `${HOME}/.config/yurt/config.yml` : undefined;
}

/** Where else things are kept beside it. Undefined without a home. */
export function settingsDirectory(env: Environment): string | undefined {
  return settingsPath(env)?.replace(/\/config\.yml$/, '');
}

/** What the file says; nothing when there is none. A `Failure` names what is wrong with it. */
export async function readSettings(env: Environment): Promise<Settings> {
  const path = settingsPath(env);
  const text = path === undefined ? undefined : readText(path);
  if (path === undefined || text === undefined) return settingsOf({}, '');
  return settingsOf(await parsedOnce(env, text, () => parse(path, text)), path);
}

/** Changes the file, and nothing in it but what `change` changes: what other programs or people wrote stays, comments too. */
export async function writeSettings(env: Environment, change: (settings: Settings) => Settings): Promise<void> {
  const path = settingsPath(env);
  if (path === undefined)
    throw new Failure('There is no place for the configuration: neither HOME nor YURT_CONF is set');
  const { locked } = await import('./lock.ts'); // few commands write
  await locked(path, () => rewrite(path, change));
}

async function rewrite(path: string, change: (settings: Settings) => Settings): Promise<void> {
  const text = readText(path) ?? '';
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const before = settingsOf(await parse(path, text), path);
  const after = change(before);
  if (document.contents === null) document.contents = document.createNode({}) as never; // an empty document has no node yet
  if (after.defaultRemote !== before.defaultRemote) document.setIn(['default-remote'], after.defaultRemote);
  const names = new Set([...Object.keys(before.remotes), ...Object.keys(after.remotes)]);
  for (const name of [...names].filter((one) => before.remotes[one] !== after.remotes[one])) {
    const remote = after.remotes[name];
    if (remote === undefined) document.deleteIn(['remotes', name]);
    else for (const [key, value] of Object.entries(fieldsOf(remote))) setField(document, ['remotes', name, key], value);
  }
  if (after.aliases !== before.aliases) document.setIn(['aliases'], document.createNode({ ...after.aliases }));
  replaceFile(path, document.toString());
}

/** At once: every command reads it, and has nothing else to do meanwhile. */
function readText(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > maxFileBytes) throw new Failure(`${path} is larger than ${maxFileBytes} bytes`);
    return text;
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code } = error as NodeJS.ErrnoException; // what node:fs throws
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Failure(`Cannot read ${path}: ${code}`, { cause: error });
  }
}

async function parse(path: string, text: string): Promise<Document> {
  if (text.trim() === '') return {};
  const { parse: parseYaml } = await import('yaml');
  try {
    const value: unknown = parseYaml(text, { schema: 'failsafe' });
    if (isMap(value)) return value;
  } catch (error) {
    throw new Failure(`${path} is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : ''}`);
  }
  throw new Failure(`${path} is not a map`);
}

function settingsOf(document: Document, path: string): Settings {
  const { remotes = {}, aliases = {}, 'default-remote': defaultRemote = localRemote } = document;
  const fail = (what: string) => new Failure(`${path} has ${what}`);
  if (!isMap(remotes)) throw fail('"remotes" that are not a map');
  if (!isMap(aliases) || !Object.values(aliases).every((value) => typeof value === 'string')) {
    throw fail('"aliases" that are not a map of texts');
  }
  if (typeof defaultRemote !== 'string') throw fail('a "default-remote" that is not a name');
  const read = Object.entries(remotes).map(([name, value]) => {
    const { addr = '', project = '' } = isMap(value) ? value : {};
    if (typeof project !== 'string') throw fail('a "project" that is not a name');
    if (typeof addr !== 'string') throw fail('an "addr" that is not an address');
    return [name, { address: addr, project }] as const;
  });
  const { [localRemote]: own, ...others } = Object.fromEntries(read);
  return {
    defaultRemote: defaultRemote === '' ? localRemote : defaultRemote,
    remotes: { [localRemote]: { address: localAddress, project: own?.project ?? '' }, ...others },
    aliases: aliases as Record<string, string>, // checked above
    ...(document['screen'] === undefined ? {} : { screen: document['screen'] }),
  };
}

/** The settings with another project of a remote. */
export function withProject(settings: Settings, remote: string, project: string): Settings {
  const { address } = settings.remotes[remote] ?? { address: '' };
  return { ...settings, remotes: { ...settings.remotes, [remote]: { address, project } } };
}

function fieldsOf({ address, project }: Remote): Record<string, string> {
  return { addr: address, ...(address === localAddress ? {} : { protocol: 'yurt', auth_type: 'tls' }), project };
}

/** Whole or not at all, for its user alone. */
export function replaceFile(path: string, text: string): void {
  const directory = path.slice(0, path.lastIndexOf('/'));
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw fileFailure('write', path, error);
  }
}

/** Sets what is new or different; what else is written there stays. */
function setField(document: YamlDocument, path: readonly string[], value: string): void {
  if (document.getIn(path) === value) return;
  // A map that is missing on the way is made; one that was written as nothing is replaced.
  for (let length = 1; length < path.length; length += 1) {
    const above = path.slice(0, length);
    if (!isNodeMap(document.getIn(above))) document.setIn(above, document.createNode({}));
  }
  document.setIn(path, value);
}

function isNodeMap(node: unknown): boolean {
  return typeof node === 'object' && node !== null && 'items' in node;
}

function isMap(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
