import { Fault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import { suggestion } from '../../base/nearest.ts';
import type { Events } from '../../events/events.ts';
import { literalConstructs } from '../../templates/render-template.ts';
import type { TemplateFile, TemplateRule } from '../../templates/template-set.ts';
import { announce } from '../announce.ts';
import type { Instance } from '../instance.ts';
import type { InstanceLocks } from '../instance-locks.ts';
import type { InstanceRecords } from '../instance-records.ts';
import {
  checkMetadata,
  type InstanceMetadata,
  type InstanceMetadataRecords,
  metadataEtag,
  templateEtag,
} from './instance-metadata.ts';

export interface MetadataEditorDeps {
  readonly records: Pick<InstanceRecords, 'get'>;
  readonly metadata: InstanceMetadataRecords;
  readonly locks: Pick<InstanceLocks, 'acquireChange'>;
  readonly events: Pick<Events, 'lifecycle'>;
}

interface Named {
  readonly project: string;
  readonly name: string;
}

/** What may be edited as one: all but the texts of the templates. */
export interface MetadataContent {
  readonly architecture: string;
  readonly creationDate: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly rules: readonly TemplateRule[];
}

/** Reads and changes the metadata and the templates of single instances. Their image and other instances keep theirs. */
export class MetadataEditor {
  readonly #deps: MetadataEditorDeps;

  constructor(deps: MetadataEditorDeps) {
    this.#deps = deps;
  }

  /** Fault `not-found`. */
  async get({ project, name }: Named): Promise<InstanceMetadata> {
    return (await this.#deps.metadata.get(await this.#deps.records.get(project, name))).record;
  }

  async template(of: Named, template: string): Promise<TemplateFile> {
    return found(await this.get(of), template);
  }

  /** An empty `etag` changes whatever there is. Faults: `conflict`, `invalid`, `exhausted`, `not-found`, `wrong-state`. */
  async update(of: Named, etag: string, content: MetadataContent): Promise<InstanceMetadata> {
    return await this.#change(of, 'instance-metadata-updated', {}, (now) => {
      checkEtag(of, etag, metadataEtag(now));
      const { architecture, creationDate, properties, rules } = content;
      return { ...now, architecture, creationDate, properties, rules };
    });
  }

  /** Fault `already-exists`, and those of `update`. */
  async createTemplate(log: Log, of: Named, file: TemplateFile): Promise<TemplateFile> {
    await this.#change(of, 'instance-metadata-template-created', { path: file.name }, (now) => {
      if (now.files.some(({ name }) => name === file.name)) {
        throw new Fault('already-exists', `Template "${file.name}" of instance "${of.name}" already exists`);
      }
      return { ...now, files: [...now.files, file] };
    });
    warn(log, of, file);
    return file;
  }

  async updateTemplate(log: Log, of: Named, etag: string, file: TemplateFile): Promise<TemplateFile> {
    await this.#change(of, 'instance-metadata-template-updated', { path: file.name }, (now) => {
      checkEtag(of, etag, templateEtag(found(now, file.name)));
      return { ...now, files: now.files.map((each) => (each.name === file.name ? file : each)) };
    });
    warn(log, of, file);
    return file;
  }

  /** Fault `in-use` while the metadata has a path for it. */
  async deleteTemplate(of: Named, template: string): Promise<void> {
    await this.#change(of, 'instance-metadata-template-deleted', { path: template }, (now) => {
      const file = found(now, template);
      const user = now.rules.find((rule) => rule.template === template);
      if (user !== undefined) {
        throw new Fault(
          'in-use',
          `Template "${template}" is what ${user.path} is made of: remove that from the metadata first`,
        );
      }
      return { ...now, files: now.files.filter((each) => each !== file) };
    });
  }

  async #change(
    of: Named,
    action: string,
    context: Readonly<Record<string, string>>,
    apply: (now: InstanceMetadata) => InstanceMetadata,
  ): Promise<InstanceMetadata> {
    const { records, metadata, locks, events } = this.#deps;
    await records.get(of.project, of.name);
    // While it is held nothing starts, is renamed or goes.
    using _lock = await locks.acquireChange(of.project, of.name);
    const instance: Instance = await records.get(of.project, of.name);
    const { record, revision } = await metadata.get(instance);
    const changed = apply(record);
    checkMetadata(changed);
    await metadata.put(instance.uuid, changed, revision);
    announce(events, action, instance, context);
    return changed;
  }
}

function found({ files }: InstanceMetadata, template: string): TemplateFile {
  const file = files.find(({ name }) => name === template);
  if (file !== undefined) return file;
  const names = files.map(({ name }) => name);
  throw new Fault(
    'not-found',
    `Template ${JSON.stringify(template.slice(0, 80))} does not exist${suggestion(template, names)}`,
  );
}

function checkEtag(of: Named, etag: string, now: string): void {
  if (etag === '' || etag === now) return;
  throw new Fault('conflict', `The metadata of instance "${of.name}" was changed by somebody else in the meantime`);
}

function warn(log: Log, of: Named, { name, content }: TemplateFile): void {
  const literal = literalConstructs(content);
  if (literal.length === 0) return;
  log.warn({ instance: of.name, template: name, literal }, 'a template has what is no token: it stays as it is');
}
