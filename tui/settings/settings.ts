import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Failure } from '../client/failure.ts';

/** What the command line remembers for its user, in `config.yml`. */
export interface Settings {
  /** The project to work in unless `--project` says another; empty: the default one. */
  readonly project: string;
  /** Words for words: `ll` for `list -c ns4`. */
  readonly aliases: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Document = Record<string, unknown>;

const none: Settings = { project: '', aliases: {} };
const maxFileBytes = 1024 * 1024;
/** The one server there is, in the field's words. */
const remote = 'local';

/** `$YURT_CONF/config.yml`, else in `yurt` below `$XDG_CONFIG_HOME` or `~/.config`. Undefined without a home. */
export function settingsPath(env: Environment): string | undefined {
  const { YURT_CONF, XDG_CONFIG_HOME, HOME } = env;
  if (YURT_CONF) return `${YURT_CONF}/config.yml`;
  if (XDG_CONFIG_HOME?.startsWith('/')) return `${XDG_CONFIG_HOME}/yurt/config.yml`;
  return HOME?.startsWith('/') ? `${HOME}/.config/yurt/config.yml` : undefined;
}

/** What the file says; nothing when there is none. A `Failure` names what is wrong with it. */
export async function readSettings(env: Environment): Promise<Settings> {
  const path = settingsPath(env);
  const text = path === undefined ? undefined : readText(path);
  return path === undefined || text === undefined ? none : settingsOf(await parse(path, text), path);
}

/** Changes the file, and nothing in it but what `change` changes: what other programs or people wrote stays, comments too. */
export async function writeSettings(env: Environment, change: (settings: Settings) => Settings): Promise<void> {
  const path = settingsPath(env);
  if (path === undefined)
    throw new Failure('There is no place for the configuration: neither HOME nor YURT_CONF is set');
  const text = readText(path) ?? '';
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const before = settingsOf(await parse(path, text), path);
  const after = change(before);
  if (document.contents === null) document.contents = document.createNode({}) as never; // an empty document has no node yet
  if (after.project !== before.project) {
    document.setIn(['default-remote'], remote);
    document.setIn(['remotes', remote], document.createNode({ addr: 'unix://', project: after.project }));
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
  const { remotes = {}, aliases = {} } = document;
  const fail = (what: string) => new Failure(`${path} has ${what}`);
  if (!isMap(remotes)) throw fail('"remotes" that are not a map');
  if (!isMap(aliases) || !Object.values(aliases).every((value) => typeof value === 'string')) {
    throw fail('"aliases" that are not a map of texts');
  }
  const own = remotes[remote] ?? {};
  const project = isMap(own) ? (own['project'] ?? '') : '';
  if (typeof project !== 'string') throw fail('a "project" that is not a name');
  return { project, aliases: aliases as Record<string, string> }; // checked above
}

/** Whole or not at all. */
function replaceFile(path: string, text: string): void {
  const directory = path.slice(0, path.lastIndexOf('/'));
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Failure(`Cannot write ${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error }); // of node:fs
  }
}

function isMap(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
