import { Fault } from '../../base/fault.ts';
import { type IdMap, rangesOf } from '../../base/id-map.ts';
import type { FileOwner, RootedFiles } from '../../host/rooted-files.ts';
import { renderTemplate, type TemplateFacts } from '../../templates/render-template.ts';
import type { TemplateRule, TemplateSet, TemplateTrigger } from '../../templates/template-set.ts';
import type { Expanded, Instance } from '../instance.ts';
import { isPrivileged } from '../spec-options.ts';
import { pendingTrigger } from './pending-trigger.ts';

/** What of a root the writing of templates needs. */
export type TemplateRoot = Pick<RootedFiles, 'lstat' | 'readHead' | 'replaceFile'> & Disposable;

export interface TemplateWriterDeps {
  readonly metadata: { find(uuid: string): Promise<TemplateSet | undefined> };
  /** Opens a mounted root by its path on the host. */
  readonly openRoot: (path: string) => TemplateRoot;
}

const newFileMode = 0o644;

/** Writes the templates of an instance into its mounted root, before it starts. */
export class TemplateWriter {
  readonly #deps: TemplateWriterDeps;

  constructor(deps: TemplateWriterDeps) {
    this.#deps = deps;
  }

  /**
   * Writes for what has happened since the last start, then for the start. Each file is there whole or as it was; one that
   * has the right content already is not touched. Faults name the path: `invalid`, `exhausted`, those of the kernel.
   */
  async write(instance: Instance, { config }: Expanded, rootPath: string): Promise<void> {
    const set = await this.#deps.metadata.find(instance.uuid);
    if (set === undefined || set.rules.length === 0) return;
    const pending = pendingTrigger(instance.config);
    const triggers: TemplateTrigger[] = pending === undefined ? ['start'] : [pending, 'start'];
    const { name, project, architecture, ephemeral, idMap } = instance;
    const about = { name, project, architecture, ephemeral, privileged: isPrivileged(config) };
    using root = this.#deps.openRoot(rootPath);
    for (const trigger of triggers) {
      for (const rule of set.rules.filter(({ when }) => when.includes(trigger))) {
        const { path, properties } = rule;
        try {
          writeOne(root, idMap, set, rule, { trigger, path, instance: about, config, properties });
        } catch (error) {
          throw Fault.during(`Cannot write the template "${rule.template}" to ${path}`, error);
        }
      }
    }
  }
}

function writeOne(root: TemplateRoot, idMap: IdMap, set: TemplateSet, rule: TemplateRule, facts: TemplateFacts): void {
  const there = root.lstat(rule.path);
  if (rule.createOnly && there !== undefined) return;
  const template = set.files.find(({ name }) => name === rule.template);
  if (template === undefined) throw new Fault('not-found', 'there is no such template');
  const content = Buffer.from(renderTemplate(template.content, facts));
  const kept = there?.isFile() === true ? there : undefined;
  const owner: FileOwner = {
    uid: rule.uid === undefined && kept !== undefined ? kept.uid : hostId(idMap, 'users', rule.uid ?? 0),
    gid: rule.gid === undefined && kept !== undefined ? kept.gid : hostId(idMap, 'groups', rule.gid ?? 0),
    mode: rule.mode ?? (kept === undefined ? newFileMode : kept.mode & 0o7777),
  };
  const isSame =
    kept !== undefined && kept.uid === owner.uid && kept.gid === owner.gid && (kept.mode & 0o7777) === owner.mode;
  if (
    isSame &&
    kept.size === content.length &&
    root.readHead(rule.path, content.length + 1)?.equals(content) === true
  ) {
    return;
  }
  root.replaceFile(rule.path, content, owner, { uid: hostId(idMap, 'users', 0), gid: hostId(idMap, 'groups', 0) });
}

/** The id of the host that an id inside is. Fault `invalid` for one that the instance does not have. */
function hostId(idMap: IdMap, kind: 'users' | 'groups', id: number): number {
  const range = rangesOf(idMap)[kind].find(({ inside, size }) => id >= inside && id < inside + size);
  if (range === undefined) throw new Fault('invalid', `the instance has no id ${id}`);
  return range.outside + (id - range.inside);
}
