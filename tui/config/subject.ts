import { Failure } from '../client/failure.ts';
import type { Devices, Document } from './document.ts';

/** All of an object that a user may change. Kinds that have no profiles, are never ephemeral or do not expire leave these out. */
export interface Content {
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
  readonly ephemeral?: boolean;
  readonly profiles?: readonly string[];
  /** Of a snapshot: a date, '' for never. */
  readonly expiresAt?: string;
}

/** An object as it was read. */
export interface Reading {
  readonly content: Content;
  readonly etag: string;
  /** With profiles merged in, for an instance. */
  readonly expanded: Pick<Content, 'config' | 'devices'>;
  /** As `show` prints it; with the expanded configuration where that is asked for. */
  record(expanded: boolean): Record<string, unknown>;
}

/** Something with a configuration that the server keeps: an instance, a profile. */
export interface Subject {
  /** For messages: `instance "web"`. */
  readonly label: string;
  readonly name: string;
  read(): Promise<Reading>;
  /** Replaces the content if it still has the tag; otherwise a `Failure` of status `conflict`. */
  write(content: Content, etag: string): Promise<Reading>;
}

/** How often a change of single keys is made again on what somebody else wrote in between. */
const maxAttempts = 10;

/** Reads, changes and writes; again when somebody else came in between. Nobody's change is lost. */
export async function change(subject: Subject, apply: (reading: Reading) => Content): Promise<Reading> {
  for (let attempt = 1; ; attempt += 1) {
    const reading = await subject.read();
    try {
      return await subject.write(apply(reading), reading.etag);
    } catch (error) {
      if (!Failure.is(error, 'conflict') || attempt === maxAttempts) throw error;
    }
  }
}

/** The content that a document describes: it replaces everything, as in the field; of a snapshot what it names. */
export function contentOf(document: Document, like: Content): Content {
  for (const key of ['ephemeral', 'profiles'] as const) {
    if (document[key] !== undefined && like[key] === undefined) {
      throw new Failure(`The document has "${key}", which only instances have`);
    }
  }
  const { expiresAt } = document;
  if (like.expiresAt !== undefined) return { ...like, ...document };
  if (expiresAt !== undefined) throw new Failure('The document has "expires_at", which only snapshots have');
  const { description = '', config = {}, devices = {}, ephemeral = false, profiles = [] } = document;
  return {
    ...{ description, config, devices },
    ...(like.ephemeral === undefined ? {} : { ephemeral }),
    ...(like.profiles === undefined ? {} : { profiles }),
  };
}

/** The record with the keys of its configuration and its devices in order: people compare what they edit. */
export function inOrder(record: Record<string, unknown>): Record<string, unknown> {
  const { config, devices } = record;
  return {
    ...record,
    ...(config === undefined ? {} : { config: sorted(config) }),
    ...(devices === undefined ? {} : { devices: sorted(devices) }),
  };
}

function sorted(value: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a record has of its own under a key that somebody typed: `constructor` is none. */
export function ownValue<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
