import { etagOf } from '../../base/etag.ts';
import { Fault } from '../../base/fault.ts';
import { Collection, type Versioned } from '../../db/collection.ts';
import type { Change, Store } from '../../db/store.ts';
import { checkTemplates, type TemplateFile, type TemplateSet } from '../../templates/template-set.ts';
import type { Instance } from '../instance.ts';

/** An instance's own copy of what `metadata.yaml` and `templates/` of its image say. */
export interface InstanceMetadata extends TemplateSet {
  /** Kernel name: `x86_64`. */
  readonly architecture: string;
  /** Seconds since 1970. */
  readonly creationDate: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** What an image gives each of its instances. */
export interface SourceTemplates extends TemplateSet {
  readonly creationDate: number;
}

type HasUuid = Pick<Instance, 'uuid'>;

export const metadataLimits = { maxProperties: 100, maxNameLength: 64, maxValueLength: 4096 } as const;

const noRevision = 0;

/**
 * Where the metadata of instances is kept, and what snapshots have kept of it, by their uuid. An instance without templates has
 * none until it is edited.
 */
export class InstanceMetadataRecords {
  readonly #store: Store;
  readonly #records: Collection<InstanceMetadata>;

  constructor(store: Store) {
    this.#store = store;
    this.#records = new Collection(store, metadataPrefix, parse);
  }

  /** Of an instance or a snapshot. Undefined: there are no templates, and nothing was edited. */
  async find(uuid: string): Promise<InstanceMetadata | undefined> {
    return (await this.#records.find(uuid))?.record;
  }

  async get(instance: Instance): Promise<Versioned<InstanceMetadata>> {
    return (await this.#records.find(instance.uuid)) ?? { record: metadataOf(instance), revision: noRevision };
  }

  /** Fault `conflict` when it was written since it was found. */
  async put(uuid: string, metadata: InstanceMetadata, revision: number): Promise<void> {
    await this.#records.put(uuid, metadata, revision);
  }

  /** What is written together with the record of a new instance. */
  changeFor(instance: Omit<Instance, 'idMap'>, source: SourceTemplates | undefined): Change {
    if (source === undefined) return {};
    const { rules, files, creationDate } = source;
    return this.changeWith(instance.uuid, { ...metadataOf(instance), creationDate, rules, files });
  }

  /** What is written together with the record of an instance that brings its own. */
  changeWith(uuid: string, metadata: InstanceMetadata): Change {
    return { put: [{ key: this.#records.key(uuid), value: metadata }] };
  }

  /** For an instance that got a root of another image: what was edited is of the old one. Idempotent. */
  async reset(instance: Instance, source: SourceTemplates | undefined): Promise<void> {
    if (source === undefined) await this.#records.remove(instance.uuid);
    else await this.#store.commit(this.changeFor(instance, source));
  }

  /** What is written together with the record of a copy or a snapshot, of an instance or a snapshot. */
  async changeForCopy(from: HasUuid, to: HasUuid): Promise<Change> {
    const found = await this.find(from.uuid);
    return found === undefined ? {} : this.changeWith(to.uuid, found);
  }

  /** For an instance that gets the root of another, or of a snapshot. Calling what it returns undoes it. */
  async follow(from: HasUuid, to: HasUuid): Promise<() => Promise<void>> {
    const before = await this.find(to.uuid);
    await this.#write(to, await this.find(from.uuid));
    return () => this.#write(to, before);
  }

  async #write({ uuid }: HasUuid, metadata: InstanceMetadata | undefined): Promise<void> {
    if (metadata === undefined) await this.#records.remove(uuid);
    else await this.#store.commit(this.changeWith(uuid, metadata));
  }
}

const metadataPrefix = 'instance-metadata/';

/** What goes together with the record of an instance or a snapshot. */
export function metadataKey({ uuid }: HasUuid): string {
  return `${metadataPrefix}${uuid}`;
}

export function metadataEtag({ architecture, creationDate, properties, rules }: InstanceMetadata): string {
  return etagOf({ architecture, creationDate, properties, rules });
}

export function templateEtag({ content }: TemplateFile): string {
  return etagOf(content);
}

/** Faults: `invalid`, `exhausted`. */
export function checkMetadata(metadata: InstanceMetadata): void {
  const { architecture, creationDate, properties } = metadata;
  const { maxProperties, maxNameLength, maxValueLength } = metadataLimits;
  if (!/^[a-z0-9_]{1,20}$/.test(architecture)) throw new Fault('invalid', 'The metadata names no valid architecture');
  if (!Number.isSafeInteger(creationDate) || creationDate < 0) {
    throw new Fault('invalid', 'The creation date is a number of seconds since 1970');
  }
  const pairs = Object.entries(properties);
  if (pairs.length > maxProperties) throw new Fault('exhausted', `There are more than ${maxProperties} properties`);
  const unprintable = /[\x00-\x1f\x7f-\x9f]/;
  for (const [name, value] of pairs) {
    const isName = name !== '' && name !== '__proto__' && name.length <= maxNameLength && !unprintable.test(name);
    if (isName && value.length <= maxValueLength && !unprintable.test(value)) continue;
    throw new Fault('invalid', `The property ${JSON.stringify(name.slice(0, 80))} is not one line of text`);
  }
  checkTemplates('The metadata', metadata);
}

/** Of an instance whose image has no templates. */
function metadataOf(instance: Omit<Instance, 'idMap'>): InstanceMetadata {
  const prefix = 'image.';
  const properties = Object.entries(instance.config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value]);
  return {
    architecture: instance.architecture,
    creationDate: Math.floor(Date.parse(instance.createdAt) / 1000),
    properties: Object.fromEntries(properties),
    rules: [],
    files: [],
  };
}

function parse(value: unknown): InstanceMetadata {
  const metadata = value as InstanceMetadata; // written by this server only
  if (!Array.isArray(metadata.rules) || !Array.isArray(metadata.files)) throw new TypeError('not metadata');
  return metadata;
}
