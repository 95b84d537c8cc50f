import type { InstanceMetadata__Output } from '../../proto/gen/yurt/v1/InstanceMetadata.ts';
import type { TemplateRule__Output } from '../../proto/gen/yurt/v1/TemplateRule.ts';
import { Failure } from '../client/failure.ts';

/** The metadata of an instance in the shape of an image's `metadata.yaml`. */
export function metadataRecord(metadata: InstanceMetadata__Output): Record<string, unknown> {
  const { architecture, creationDate, properties, rules } = metadata;
  return { architecture, creation_date: creationDate, properties, templates: templatesRecord(rules) };
}

function templatesRecord(rules: readonly TemplateRule__Output[]): Record<string, unknown> {
  const records = rules.map(({ path, when, template, createOnly, properties, uid, gid, mode }) => [
    path,
    {
      ...{ when, create_only: createOnly, template, properties },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      ...(mode === undefined ? {} : { mode: mode.toString(8).padStart(4, '0') }),
    },
  ]);
  return Object.fromEntries(records);
}

type MetadataInput = Omit<InstanceMetadata__Output, 'etag'>;
type Document = Readonly<Record<string, unknown>>;

const keys = ['architecture', 'creation_date', 'expiry_date', 'properties', 'templates'];
const ruleKeys = ['when', 'create_only', 'template', 'properties', 'uid', 'gid', 'mode'];

/** Reads the document called `what`: it replaces everything. A `Failure` says what is wrong with it. */
export async function parseMetadataDocument(text: string, what: string): Promise<MetadataInput> {
  const { parse } = await import('yaml');
  const fail = (problem: string) => new Failure(`${what} ${problem}`);
  let value: unknown;
  try {
    // All scalars are texts, as in the configuration: `0644` stays what it is.
    value = parse(text, { schema: 'failsafe' });
  } catch (error) {
    throw fail(`is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (!isMap(value)) throw fail('is not a map with architecture, creation_date, properties and templates');
  checkKeys(value, keys, (key) => fail(`has the unknown key "${key}"`));
  const { architecture = '', creation_date: created = '0', properties, templates = {} } = value;
  if (typeof architecture !== 'string') throw fail('has an "architecture" that is not text');
  if (typeof created !== 'string' || !/^[0-9]{1,11}$/.test(created)) {
    throw fail('has a "creation_date" that is not a number of seconds since 1970');
  }
  if (templates !== '' && !isMap(templates)) throw fail('has "templates" that are not a map of paths');
  return {
    ...{ architecture, creationDate: Number(created) },
    properties: texts(properties, () => fail('has "properties" that are not a map of texts')),
    rules: Object.entries(templates).map(([path, rule]) =>
      ruleIn(path, rule, (problem) => fail(`is wrong at ${path}: ${problem}`)),
    ),
  };
}

function ruleIn(path: string, rule: unknown, fail: (problem: string) => Failure): TemplateRule__Output {
  if (!isMap(rule)) throw fail('it is not a map');
  checkKeys(rule, ruleKeys, (key) => fail(`unknown key "${key}"`));
  const { when = [], template = '', create_only: createOnly = 'false', properties, ...owner } = rule;
  if (!Array.isArray(when) || !when.every((item) => typeof item === 'string')) throw fail('"when" is not a list');
  if (typeof template !== 'string') throw fail('"template" is not the name of a template');
  if (createOnly !== 'true' && createOnly !== 'false') throw fail('"create_only" is neither true nor false');
  const number = (key: 'uid' | 'gid' | 'mode', base: 8 | 10) => {
    const text = owner[key];
    if (text === undefined || text === '') return {};
    const pattern = base === 8 ? /^(?:0o?)?[0-7]{1,4}$/ : /^[0-9]{1,10}$/;
    if (typeof text !== 'string' || !pattern.test(text)) throw fail(`"${key}" is no number`);
    return { [key]: Number.parseInt(text.replace('o', ''), base) };
  };
  return {
    ...{ path, when, template, createOnly: createOnly === 'true' },
    properties: texts(properties, () => fail('"properties" is not a map of texts')),
    ...{ ...number('uid', 10), ...number('gid', 10), ...number('mode', 8) },
  };
}

function checkKeys(value: Document, known: readonly string[], wrong: (key: string) => Failure): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw wrong(unknown);
}

function texts(value: unknown, wrong: () => Failure): Record<string, string> {
  if (value === undefined || value === '') return {};
  if (!isMap(value)) throw wrong();
  const pairs = Object.entries(value).map(([key, item]): [string, string] => {
    if (typeof item !== 'string') throw wrong();
    return [key, item];
  });
  return Object.fromEntries(pairs);
}

function isMap(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
