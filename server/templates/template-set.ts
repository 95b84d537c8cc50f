import { Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';

/** What has just happened to an instance when its templates are written. `start`: on every start. */
export type TemplateTrigger = 'create' | 'copy' | 'rename' | 'start';

/** One file that is written into an instance, as `templates` of `metadata.yaml` describes it. */
export interface TemplateRule {
  /** Where in the instance: absolute, without `.`, `..` or empty components. */
  readonly path: string;
  readonly when: readonly TemplateTrigger[];
  /** The name of the template file that its text is made of. */
  readonly template: string;
  /** Leaves a file alone that is there. */
  readonly createOnly: boolean;
  /** What `{{ properties.… }}` stands for. */
  readonly properties: Readonly<Record<string, string>>;
  /** Ids inside the instance, and permission bits. Absent: those of the file that is there, or root's with 0644. */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

export interface TemplateFile {
  /** The name in `templates/`. */
  readonly name: string;
  readonly content: string;
}

/** The templates of an image or of an instance. */
export interface TemplateSet {
  readonly rules: readonly TemplateRule[];
  readonly files: readonly TemplateFile[];
}

export const templateTriggers: readonly TemplateTrigger[] = ['create', 'copy', 'rename', 'start'];

/** Every bound on the templates of one image or instance. */
export const templateLimits = {
  maxFiles: 64,
  maxRules: 64,
  maxFileBytes: 64 * 1024,
  /** All of it together, as JSON: below what one value of the store may be. */
  maxStoredBytes: 768 * 1024,
  maxPathLength: 1023,
  maxNameLength: 64,
  maxProperties: 50,
  maxPropertyBytes: 16 * 1024,
  maxId: 0xffff_fffe - 1,
  maxMode: 0o7777,
} as const;

const filePath = /^(?:\/(?!\.{1,2}(?:\/|$))[^/\x00-\x1f\x7f]{1,255}){1,32}$/;
const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Whether a file of `templates/` may be called so: no path, no hidden file, no option of a program. */
export function isTemplateName(name: string): boolean {
  return name.length <= templateLimits.maxNameLength && fileName.test(name);
}

export function isTemplatePath(path: string): boolean {
  return path.length <= templateLimits.maxPathLength && filePath.test(path);
}

export function isTrigger(text: string): text is TemplateTrigger {
  return templateTriggers.some((trigger) => trigger === text);
}

/** Checks all of it; `what` names the whole in faults. Faults: `invalid`, `exhausted`. */
export function checkTemplates(what: string, { rules, files }: TemplateSet): void {
  const { maxFiles, maxRules, maxStoredBytes } = templateLimits;
  if (files.length > maxFiles) throw tooMuch(what, `more than ${maxFiles} templates`);
  if (rules.length > maxRules) throw tooMuch(what, `more than ${maxRules} paths that templates are for`);
  const names = new Set<string>();
  for (const file of files) {
    checkFile(what, file);
    if (names.has(file.name)) throw invalid(what, `the template "${file.name}" is there twice`);
    names.add(file.name);
  }
  const paths = new Set<string>();
  for (const rule of rules) {
    checkRule(what, rule, names);
    if (paths.has(rule.path)) throw invalid(what, `${shown(rule.path)} is there twice`);
    paths.add(rule.path);
  }
  if (Buffer.byteLength(JSON.stringify({ rules, files })) > maxStoredBytes) {
    throw tooMuch(what, `more than ${maxStoredBytes} bytes of templates`);
  }
}

function checkFile(what: string, { name, content }: TemplateFile): void {
  const { maxFileBytes, maxNameLength } = templateLimits;
  if (!isTemplateName(name)) {
    throw invalid(
      what,
      `${shown(name)} cannot be the name of a template: at most ${maxNameLength} letters, digits, ".", "_" and "-", the first a letter or digit`,
    );
  }
  if (Buffer.byteLength(content) > maxFileBytes)
    throw tooMuch(what, `the template "${name}" has more than ${maxFileBytes} bytes`);
}

function checkRule(what: string, rule: TemplateRule, names: ReadonlySet<string>): void {
  const { path, when, template, properties, uid = 0, gid = 0, mode = 0 } = rule;
  const { maxProperties, maxPropertyBytes, maxNameLength, maxId, maxMode } = templateLimits;
  if (!isTemplatePath(path)) throw invalid(what, `${shown(path)} is no absolute path of a file without "." and ".."`);
  if (when.length > templateTriggers.length || !when.every(isTrigger)) {
    throw invalid(what, `${shown(path)}: "when" takes ${templateTriggers.join(', ')}`);
  }
  if (!names.has(template)) {
    throw invalid(what, `${shown(path)}: there is no template ${shown(template)}${suggestion(template, [...names])}`);
  }
  const pairs = Object.entries(properties);
  if (pairs.length > maxProperties) throw tooMuch(what, `${shown(path)}: more than ${maxProperties} properties`);
  for (const [name, value] of pairs) {
    if (name === '' || name === '__proto__' || name.length > maxNameLength) {
      throw invalid(what, `${shown(path)}: ${shown(name)} cannot be the name of a property`);
    }
    if (Buffer.byteLength(value) > maxPropertyBytes) {
      throw tooMuch(what, `${shown(path)}: property ${shown(name)} has more than ${maxPropertyBytes} bytes`);
    }
  }
  if (![uid, gid].every((id) => Number.isSafeInteger(id) && id >= 0 && id <= maxId)) {
    throw invalid(what, `${shown(path)}: "uid" and "gid" are numbers of an owner`);
  }
  if (!Number.isSafeInteger(mode) || mode < 0 || mode > maxMode) {
    throw invalid(what, `${shown(path)}: "mode" must be octal permissions such as 0644`);
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function invalid(what: string, reason: string): Fault {
  return new Fault('invalid', `${what}: ${reason}`);
}

function tooMuch(what: string, reason: string): Fault {
  return new Fault('exhausted', `${what}: ${reason}`);
}
