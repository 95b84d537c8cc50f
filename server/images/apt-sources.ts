import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Fault } from '../base/fault.ts';

/** One source of packages as apt knows it, sources.list(5). */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Options that travel, by their deb822 names: `Signed-By`, `Trusted`, `Check-Valid-Until`, `Check-Date`. */
  readonly options: Readonly<Record<string, string>>;
}

/** What this host's apt is configured with. */
export interface HostApt {
  readonly sources: readonly AptSource[];
  /** `VERSION_CODENAME` of the host's os-release; empty when it has none. */
  readonly codename: string;
}

const keptOptions = ['Signed-By', 'Trusted', 'Check-Valid-Until', 'Check-Date'];
/** Kinds of mirrors that an instance can reach too. Not `cdrom:` and `file:`. */
const networkUri = /^(?:(?:mirror\+)?https?|ftp|tor\+https?):\/\//;
/** The parts of a distribution that an image is built from and updated with. */
const suiteSuffixes = ['', '-updates', '-security'];

/** Reads `etc/apt` and `etc/os-release` below `hostRoot` (normally `/`). */
export async function readHostApt(hostRoot: string): Promise<HostApt> {
  const apt = join(hostRoot, 'etc/apt');
  const parts = await readdir(join(apt, 'sources.list.d')).catch(emptyWhenMissing<string[]>([]));
  const sources = parseOneLine(await readOptional(join(apt, 'sources.list')));
  for (const file of parts.sort()) {
    const path = join(apt, 'sources.list.d', file);
    if (file.endsWith('.list')) sources.push(...parseOneLine(await readOptional(path)));
    if (file.endsWith('.sources')) sources.push(...parseDeb822(await readOptional(path)));
  }
  const release = await readOptional(join(hostRoot, 'etc/os-release'));
  return { sources, codename: /^VERSION_CODENAME="?([a-z0-9.-]+)"?$/m.exec(release)?.[1] ?? '' };
}

/**
 * The sources for `suite`: those of the host that have it, else those of the host's own release with the suite
 * replaced, which is right when both come from the same archive. Fault: `unsupported` when the host has none.
 */
export function sourcesForSuite(host: HostApt, suite: string): AptSource[] {
  const direct = own(select(host.sources, suite, suite));
  if (direct.length > 0) return direct;
  const derived = host.codename === '' ? [] : own(select(host.sources, host.codename, suite));
  if (derived.length > 0) return derived;
  throw new Fault(
    'unsupported',
    `This host's apt has no sources for the suite "${suite}": add a mirror of it to /etc/apt/sources.list.d and build again`,
  );
}

/** The sources as a deb822 file. */
export function formatSources(sources: readonly AptSource[]): string {
  const stanzas = sources.map(({ uris, suites, components, options }) => {
    const lines = [
      'Types: deb',
      `URIs: ${uris.join(' ')}`,
      `Suites: ${suites.join(' ')}`,
      `Components: ${components.join(' ')}`,
    ];
    return `${[...lines, ...Object.entries(options).map(([key, value]) => `${key}: ${value}`)].join('\n')}\n`;
  });
  return stanzas.join('\n');
}

/** The same sources without user names and passwords: what an image may carry. */
export function withoutCredentials(sources: readonly AptSource[]): AptSource[] {
  return sources.map((source) => ({
    ...source,
    uris: source.uris.map((uri) => uri.replace(/^([a-z+]+:\/\/)[^/@]*@/, '$1')),
  }));
}

export function parseDeb822(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of text.replaceAll('\r', '').split(/\n(?:[ \t]*\n)+/)) {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of stanza.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([A-Za-z][A-Za-z-]*):[ \t]*(.*)$/.exec(line);
      if (field !== null) last = (field[1] ?? '').toLowerCase();
      if (field !== null) fields.set(last, (field[2] ?? '').trim());
      else if (/^[ \t]/.test(line) && last !== '') fields.set(last, `${fields.get(last)}\n${line.trimEnd()}`);
    }
    const words = (key: string) => (fields.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
    if (!words('types').includes('deb') || /^(?:no|false|0|off)$/i.test(fields.get('enabled') ?? '')) continue;
    const options = keptOptions.flatMap((key) => {
      const value = fields.get(key.toLowerCase());
      return value === undefined || value === '' ? [] : [[key, value] as const];
    });
    sources.push({
      uris: words('uris'),
      suites: words('suites'),
      components: words('components'),
      options: Object.fromEntries(options),
    });
  }
  return sources;
}

export function parseOneLine(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const found = /^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)((?:\s+\S+)*)$/.exec(line.replace(/\s*#.*$/, '').trim());
    if (found === null) continue;
    const [, given = '', uri = '', suite = '', components = ''] = found;
    const options: [string, string][] = [];
    for (const [, name = '', value = ''] of given.matchAll(/([a-z-]+)[+-]?=(\S+)/gi)) {
      const key = keptOptions.find((each) => each.toLowerCase() === name.toLowerCase());
      if (key !== undefined) options.push([key, value.replaceAll(',', ' ')]);
    }
    const words = components.split(/\s+/).filter((word) => word !== '');
    sources.push({ uris: [uri], suites: [suite], components: words, options: Object.fromEntries(options) });
  }
  return sources;
}

/** The sources that carry `from`, or its updates, with `to` in its place. */
function select(sources: readonly AptSource[], from: string, to: string): AptSource[] {
  const wanted = new Map(suiteSuffixes.map((suffix) => [from + suffix, to + suffix]));
  wanted.set(`${from}/updates`, from === to ? `${to}/updates` : `${to}-security`);
  const selected: AptSource[] = [];
  for (const source of sources) {
    const suites = source.suites.flatMap((suite) => wanted.get(suite) ?? []);
    const uris = source.uris.filter((uri) => networkUri.test(uri));
    if (suites.length > 0 && uris.length > 0 && source.components.includes('main'))
      selected.push({ ...source, suites, uris });
  }
  return selected.some((source) => source.suites.includes(to)) ? selected : [];
}

/** Leaves out third parties that serve a suite of the same name, when the distribution's own archive is among them. */
function own(sources: readonly AptSource[]): AptSource[] {
  const isOwn = ({ options }: AptSource) => {
    const key = options['Signed-By'];
    return key === undefined || /\/[a-z]+-archive-[^/\s]*$/.test(key);
  };
  return sources.some(isOwn) ? sources.filter(isOwn) : [...sources];
}

async function readOptional(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(emptyWhenMissing(''));
}

function emptyWhenMissing<T>(empty: T): (error: unknown) => T {
  return (error) => {
    if (errnoOf(error) === 'ENOENT') return empty;
    throw error;
  };
}
