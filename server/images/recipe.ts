import { Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';
import { type TemplateSet, templateLimits } from '../templates/template-set.ts';
import { isNamePart } from './image-name.ts';
import { fileKeys, recipeKeys, recipeLimits, releaseKeys } from './recipe-keys.ts';
import { readTemplates } from './recipe-templates.ts';
import { parseYamlText, type YamlValue } from './yaml-text.ts';

export type RecipeSource = 'busybox' | 'mmdebstrap';
export type PackageVariant = 'essential' | 'apt' | 'required' | 'important' | 'standard';

export interface RecipeFile {
  /** Absolute, without `.`, `..` or empty components. */
  readonly path: string;
  readonly content: string;
  /** Permission bits: 0o644. */
  readonly mode: number;
}

export interface RecipeRelease {
  /** The part after the slash; empty for the only release of a recipe without releases. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** Present when the recipe is `from: mmdebstrap`. */
  readonly suite?: string;
  readonly packages: readonly string[];
}

/** A recipe that was checked whole. `recipe-keys.ts` says what each key means. */
export interface Recipe {
  readonly name: string;
  readonly description: string;
  readonly from: RecipeSource;
  readonly architectures: readonly string[];
  readonly releases: readonly [RecipeRelease, ...RecipeRelease[]];
  readonly defaultRelease: RecipeRelease;
  readonly variant: PackageVariant;
  readonly packages: readonly string[];
  readonly exclude: readonly string[];
  readonly files: readonly RecipeFile[];
  readonly templates: TemplateSet;
  readonly commands: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

const sources: readonly RecipeSource[] = ['busybox', 'mmdebstrap'];
const variants: readonly PackageVariant[] = ['essential', 'apt', 'required', 'important', 'standard'];
const packageName = /^[a-z0-9][a-z0-9+.-]{1,99}$/;
const suiteName = /^[a-z][a-z0-9.-]{0,39}$/;
const excludePattern = /^!?\/[\x21-\x7e]{1,200}$/;
const propertyName = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const architectureName = /^[a-z0-9_]{1,20}$/;
const filePath = /^(?:\/(?!\.{1,2}(?:\/|$))[^/\x00-\x1f\x7f]{1,255}){1,32}$/;
const lineOfText = /^[^\x00-\x1f\x7f-\x9f]+$/;

/** Parses and checks a recipe. `where` names it in faults (`images/debian.yaml`); every fault is `invalid`. */
export function parseRecipe(where: string, text: string): Recipe {
  const what = `Recipe ${where}`;
  const keys = mapping(what, parseYamlText(what, text), recipeKeys);
  const from = choice(what, 'from', keys, sources);
  for (const [key, { only }] of Object.entries(recipeKeys).map(
    ([name, rule]) => [name, { only: undefined, ...rule }] as const,
  )) {
    if (only !== undefined && only !== from && keys.has(key)) throw wrong(what, `"${key}" needs "from: ${only}"`);
  }
  const releases = readReleases(what, keys.get('releases'), from);
  return {
    name: matching(what, 'name', text1(what, 'name', keys), isNamePart),
    description: matching(what, 'description', text1(what, 'description', keys), isDescription),
    from,
    architectures: texts(what, 'architectures', keys, 8, (item) => architectureName.test(item)),
    releases,
    defaultRelease: readDefault(what, keys, releases),
    variant: keys.has('variant') ? choice(what, 'variant', keys, variants) : 'apt',
    packages: texts(what, 'packages', keys, recipeLimits.maxPackages, (item) => packageName.test(item)),
    exclude: texts(what, 'exclude', keys, recipeLimits.maxExcludes, (item) => excludePattern.test(item)),
    files: readFiles(what, keys.get('files')),
    templates: readTemplates(what, list(what, 'templates', keys.get('templates'), templateLimits.maxRules)),
    commands: readCommands(what, keys),
    properties: readProperties(what, keys.get('properties')),
  };
}

/** The image name of a release: `debian/12`, or the recipe's own name when it has no releases. */
export function imageName(recipe: Recipe, release: RecipeRelease): string {
  return release.name === '' ? recipe.name : `${recipe.name}/${release.name}`;
}

/** The release of that name or alias; the default for the empty name. Fault: `not-found`. */
export function findRelease(recipe: Recipe, name: string): RecipeRelease {
  if (name === '') return recipe.defaultRelease;
  const found = recipe.releases.find((release) => release.name === name || release.aliases.includes(name));
  if (found !== undefined) return found;
  const known = recipe.releases.map((release) => release.name).filter((each) => each !== '');
  const list = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  throw new Fault('not-found', `Recipe "${recipe.name}" has no release ${JSON.stringify(name.slice(0, 80))}: ${list}`);
}

function readReleases(what: string, value: YamlValue | undefined, from: RecipeSource): Recipe['releases'] {
  if (value === undefined) {
    if (from === 'mmdebstrap') throw wrong(what, '"releases" is missing: "from: mmdebstrap" needs a suite');
    return [{ name: '', aliases: [], packages: [] }];
  }
  if (!(value instanceof Map)) throw wrong(what, '"releases" must be a mapping from names to keys');
  if (value.size > recipeLimits.maxReleases) throw wrong(what, `has more than ${recipeLimits.maxReleases} releases`);
  const seen = new Set<string>();
  const releases = [...value].map(([name, body]): RecipeRelease => {
    const here = `${what}: release "${name}"`;
    const keys = mapping(here, body === '' ? new Map() : body, releaseKeys);
    const aliases = texts(here, 'aliases', keys, 8, isNamePart);
    for (const each of [matching(what, 'releases', name, isNamePart), ...aliases]) {
      if (seen.has(each)) throw wrong(what, `two releases are called "${each}"`);
      seen.add(each);
    }
    if (from === 'busybox' && (keys.has('suite') || keys.has('packages'))) {
      throw wrong(here, '"suite" and "packages" need "from: mmdebstrap"');
    }
    const packages = texts(here, 'packages', keys, recipeLimits.maxPackages, (item) => packageName.test(item));
    if (from === 'busybox') return { name, aliases, packages };
    const suite = matching(here, 'suite', text1(here, 'suite', keys), (item) => suiteName.test(item));
    return { name, aliases, packages, suite };
  });
  const [first, ...rest] = releases;
  if (first === undefined) throw wrong(what, '"releases" is empty');
  return [first, ...rest];
}

function readDefault(what: string, keys: ReadonlyMap<string, YamlValue>, releases: Recipe['releases']): RecipeRelease {
  const name = keys.get('default');
  if (name === undefined) {
    if (releases.length > 1) throw wrong(what, '"default" is missing: it names the release that the bare name means');
    return releases[0];
  }
  const found = releases.find((release) => release.name !== '' && release.name === name);
  if (found === undefined) throw wrong(what, '"default" must be the name of a release');
  return found;
}

function readFiles(what: string, value: YamlValue | undefined): RecipeFile[] {
  const seen = new Set<string>();
  return list(what, 'files', value, recipeLimits.maxFiles).map((item, index) => {
    const here = `${what}: file ${index + 1}`;
    const keys = mapping(here, item, fileKeys);
    const path = matching(here, 'path', text1(here, 'path', keys), (each) => each.length < 1024 && filePath.test(each));
    if (seen.has(path)) throw wrong(what, `file ${path} is there twice`);
    seen.add(path);
    const content = keys.get('content');
    if (typeof content !== 'string') throw wrong(here, '"content" must be text');
    if (Buffer.byteLength(content) > recipeLimits.maxFileBytes) {
      throw wrong(here, `"content" is larger than ${recipeLimits.maxFileBytes} bytes`);
    }
    const mode = keys.has('mode') ? text1(here, 'mode', keys) : '0644';
    if (!/^0?[0-7]{3,4}$/.test(mode))
      throw wrong(here, `"mode" must be octal permissions such as 0644, not "${mode.slice(0, 20)}"`);
    return { path, content, mode: Number.parseInt(mode, 8) };
  });
}

function readCommands(what: string, keys: ReadonlyMap<string, YamlValue>): string[] {
  return list(what, 'commands', keys.get('commands'), recipeLimits.maxCommands).map((command) => {
    if (typeof command !== 'string' || command === '') throw wrong(what, '"commands" must be a list of scripts');
    if (Buffer.byteLength(command) > recipeLimits.maxCommandBytes || command.includes('\0')) {
      throw wrong(what, `a command is larger than ${recipeLimits.maxCommandBytes} bytes or has a NUL`);
    }
    return command;
  });
}

function readProperties(what: string, value: YamlValue | undefined): Record<string, string> {
  if (value === undefined || value === '') return {};
  if (!(value instanceof Map)) throw wrong(what, '"properties" must be a mapping');
  if (value.size > recipeLimits.maxProperties)
    throw wrong(what, `has more than ${recipeLimits.maxProperties} properties`);
  const properties: [string, string][] = [...value].map(([key, item]) => {
    if (!propertyName.test(key)) throw wrong(what, `property ${JSON.stringify(key.slice(0, 80))} has no valid name`);
    if (typeof item !== 'string' || item.length > recipeLimits.maxPropertyBytes || !lineOfText.test(item)) {
      throw wrong(what, `property "${key}" must be one line of at most ${recipeLimits.maxPropertyBytes} characters`);
    }
    return [key, item];
  });
  return Object.fromEntries(properties);
}

function mapping(
  what: string,
  value: YamlValue,
  rules: Record<string, { readonly required: boolean }>,
): ReadonlyMap<string, YamlValue> {
  if (!(value instanceof Map)) throw wrong(what, 'must be a mapping of keys');
  const keys: ReadonlyMap<string, YamlValue> = value;
  for (const key of keys.keys()) {
    if (Object.hasOwn(rules, key)) continue;
    throw wrong(what, `unknown key ${JSON.stringify(key.slice(0, 80))}${suggestion(key, Object.keys(rules))}`);
  }
  for (const [key, rule] of Object.entries(rules)) {
    if (rule.required && !keys.has(key)) throw wrong(what, `"${key}" is missing`);
  }
  return keys;
}

function text1(what: string, key: string, keys: ReadonlyMap<string, YamlValue>): string {
  const value = keys.get(key);
  if (value === undefined) throw wrong(what, `"${key}" is missing`);
  if (typeof value !== 'string' || value === '') throw wrong(what, `"${key}" must be text`);
  return value;
}

function list(what: string, key: string, value: YamlValue | undefined, most: number): readonly YamlValue[] {
  if (value === undefined || value === '') return [];
  if (!Array.isArray(value)) throw wrong(what, `"${key}" must be a list`);
  if (value.length > most) throw wrong(what, `"${key}" has more than ${most} entries`);
  return value;
}

function texts(
  what: string,
  key: string,
  keys: ReadonlyMap<string, YamlValue>,
  most: number,
  valid: (item: string) => boolean,
): string[] {
  return list(what, key, keys.get(key), most).map((item) => {
    if (typeof item !== 'string') throw wrong(what, `"${key}" must be a list of text`);
    return matching(what, key, item, valid);
  });
}

function matching(what: string, key: string, value: string, valid: (item: string) => boolean): string {
  if (!valid(value)) throw wrong(what, `"${key}" does not allow ${JSON.stringify(value.slice(0, 80))}`);
  return value;
}

function choice<T extends string>(
  what: string,
  key: string,
  keys: ReadonlyMap<string, YamlValue>,
  choices: readonly T[],
): T {
  const value = text1(what, key, keys);
  const found = choices.find((each) => each === value);
  if (found !== undefined) return found;
  throw wrong(
    what,
    `"${key}" must be one of ${choices.join(', ')}, not ${JSON.stringify(value.slice(0, 80))}${suggestion(value, choices)}`,
  );
}

function isDescription(text: string): boolean {
  return text.length <= recipeLimits.maxDescriptionLength && lineOfText.test(text);
}

function wrong(what: string, reason: string): Fault {
  return new Fault('invalid', `${what}: ${reason}`);
}
