import { Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';
import {
  checkTemplates,
  isTrigger,
  type TemplateFile,
  type TemplateRule,
  type TemplateSet,
  type TemplateTrigger,
  templateLimits,
  templateTriggers,
} from '../templates/template-set.ts';
import { templateKeys } from './recipe-keys.ts';
import type { YamlValue } from './yaml-text.ts';

const usualTriggers: readonly TemplateTrigger[] = ['create', 'copy', 'rename'];

/** The list `templates` of a recipe. Faults: `invalid`, `exhausted`. */
export function readTemplates(what: string, items: readonly YamlValue[]): TemplateSet {
  const files: TemplateFile[] = [];
  const rules = items.map((item, index): TemplateRule => {
    const { content, ...rule } = readTemplate(`${what}: template ${index + 1}`, item);
    const template = freeName(rule.path, files);
    files.push({ name: template, content });
    return { ...rule, template };
  });
  checkTemplates(what, { rules, files });
  return { rules, files };
}

function readTemplate(here: string, item: YamlValue): Omit<TemplateRule, 'template'> & { readonly content: string } {
  const wrong = (reason: string) => new Fault('invalid', `${here}: ${reason}`);
  if (!(item instanceof Map)) throw wrong('must be a mapping of keys');
  const keys: ReadonlyMap<string, YamlValue> = item;
  const unknown = [...keys.keys()].find((key) => !Object.hasOwn(templateKeys, key));
  if (unknown !== undefined) {
    const known = Object.keys(templateKeys);
    throw wrong(`unknown key ${JSON.stringify(unknown.slice(0, 80))}${suggestion(unknown, known)}`);
  }
  const text = (key: keyof typeof templateKeys): string => {
    const value = keys.get(key) ?? '';
    if (typeof value !== 'string') throw wrong(`"${key}" must be text`);
    return value;
  };
  if (text('path') === '' || !keys.has('content')) throw wrong('"path" and "content" are needed');
  const mode = text('mode');
  if (!/^(?:0?[0-7]{3,4})?$/.test(mode)) throw wrong('"mode" must be octal permissions such as 0644');
  const createOnly = text('create_only');
  if (!['', 'true', 'false'].includes(createOnly)) throw wrong('"create_only" must be true or false');
  return {
    path: text('path'),
    content: text('content'),
    when: triggers(keys.get('when'), () => wrong(`"when" must be a list of ${templateTriggers.join(', ')}`)),
    createOnly: createOnly === 'true',
    properties: {},
    ...(mode === '' ? {} : { mode: Number.parseInt(mode, 8) }),
  };
}

function triggers(value: YamlValue | undefined, wrong: () => Fault): readonly TemplateTrigger[] {
  if (value === undefined) return usualTriggers;
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const found = items.filter((item): item is TemplateTrigger => typeof item === 'string' && isTrigger(item));
  if (found.length === 0 || found.length !== items.length) throw wrong();
  return [...new Set(found)];
}

/** `hostname.tpl` for /etc/hostname: the archive is read by people too. */
function freeName(path: string, taken: readonly TemplateFile[]): string {
  const base = (path.split('/').pop() ?? '').replaceAll(/[^A-Za-z0-9_-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  const stem = base.slice(0, templateLimits.maxNameLength - 8) || 'file';
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${stem}.tpl` : `${stem}-${number}.tpl`;
    if (!taken.some((file) => file.name === name)) return name;
  }
}
