import { Failure } from '../client/failure.ts';

export type Devices = Record<string, Record<string, string>>;

/** What a YAML document says of an instance, a profile or a snapshot. What it leaves out is absent here. */
export interface Document {
  readonly config?: Readonly<Record<string, string>>;
  readonly devices?: Devices;
  readonly profiles?: readonly string[];
  readonly description?: string;
  readonly ephemeral?: boolean;
  /** '' for never. */
  readonly expiresAt?: string;
}

/** What `show` prints besides, and nobody can change. */
const ignoredKeys = [
  ...['architecture', 'created_at', 'etag', 'expanded_config', 'expanded_devices', 'image', 'instance'],
  ...['last_used_at', 'location', 'size'],
  ...['name', 'project', 'restore', 'state', 'stateful', 'status', 'status_code', 'status_detail', 'type', 'used_by'],
  'uuid',
];

/** Reads the document called `what`; a `Failure` says what is wrong with it. */
export async function parseDocument(text: string, what: string): Promise<Document> {
  const { parse } = await import('yaml');
  const hint = what.endsWith('stdin') ? '. Use "< /dev/null" if it is not meant for yurt' : '';
  const fail = (problem: string) => new Failure(`${what} ${problem}${hint}`);
  let value: unknown;
  try {
    // All scalars are texts: a configuration has no other values, and `007` stays what it is.
    value = parse(text, { schema: 'failsafe' });
  } catch (error) {
    throw fail(`is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (!isMap(value)) throw fail('is not a map with config, devices, profiles, description and ephemeral');
  const { config, devices, profiles, description, ephemeral, expires_at: expiry, ...others } = value;
  const unknown = Object.keys(others).find((key) => !ignoredKeys.includes(key));
  if (unknown !== undefined) throw fail(`has the unknown key "${unknown}"`);
  if (config !== undefined && !isTextMap(config)) throw fail('has a "config" that is not a map of texts');
  if (devices !== undefined && !(isMap(devices) && Object.values(devices).every(isTextMap))) {
    throw fail('has "devices" that are not maps of texts');
  }
  if (profiles !== undefined && !isTextList(profiles)) throw fail('has "profiles" that are not a list of names');
  if (description !== undefined && typeof description !== 'string') {
    throw fail('has a "description" that is not a text');
  }
  if (ephemeral !== undefined && ephemeral !== 'true' && ephemeral !== 'false') {
    throw fail('has an "ephemeral" that is neither true nor false');
  }
  if (expiry !== undefined && typeof expiry !== 'string') throw fail('has an "expires_at" that is not a date');
  return {
    ...(expiry === undefined ? {} : { expiresAt: ['null', '~'].includes(expiry) ? '' : expiry }),
    ...(config === undefined ? {} : { config }),
    ...(devices === undefined ? {} : { devices: devices as Devices }), // checked above
    ...(profiles === undefined ? {} : { profiles }),
    ...(description === undefined ? {} : { description }),
    ...(ephemeral === undefined ? {} : { ephemeral: ephemeral === 'true' }),
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextMap(value: unknown): value is Record<string, string> {
  return isMap(value) && Object.values(value).every((item) => typeof item === 'string');
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
