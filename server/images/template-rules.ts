import { Fault } from '../base/fault.ts';
import { isTrigger, type TemplateRule, type TemplateTrigger, templateLimits } from '../templates/template-set.ts';
import type { YamlValue } from './yaml-text.ts';

/**
 * The rules of `templates` in a hostile `metadata.yaml`. Keys and triggers that are not known are left out: they would do
 * nothing. What is left is to be checked by `checkTemplates`. Fault `invalid`.
 */
export function parseTemplateRules(what: string, value: YamlValue | undefined): TemplateRule[] {
  if (value === undefined || value === '') return [];
  if (!(value instanceof Map)) throw invalid(what, '"templates" is not a mapping from paths');
  if (value.size > templateLimits.maxRules) throw invalid(what, '"templates" has too many paths');
  return [...value].map(([path, keys]) => parseRule(what, path, keys));
}

function parseRule(what: string, path: string, keys: YamlValue): TemplateRule {
  const wrong = (reason: string) => invalid(what, `template of ${JSON.stringify(path.slice(0, 200))}: ${reason}`);
  if (!(keys instanceof Map)) throw wrong('it is not a mapping');
  const text = (key: string): string | undefined => {
    const found: unknown = keys.get(key);
    if (found === undefined || found === '') return undefined;
    if (typeof found !== 'string') throw wrong(`"${key}" is not text`);
    return found;
  };
  const number = (key: string, base: 8 | 10): number | undefined => {
    const digits = text(key);
    if (digits === undefined) return undefined;
    if (!(base === 8 ? /^(?:0o?)?[0-7]{1,4}$/ : /^[0-9]{1,10}$/).test(digits)) throw wrong(`"${key}" is no number`);
    return Number.parseInt(digits.replace('o', ''), base);
  };
  const [uid, gid, mode] = [number('uid', 10), number('gid', 10), number('mode', 8)];
  return {
    path,
    when: triggersIn(keys.get('when'), () => wrong('"when" is not a list')),
    template: text('template') ?? '',
    createOnly: text('create_only')?.toLowerCase() === 'true',
    properties: propertiesIn(keys.get('properties'), () => wrong('"properties" is not a mapping of texts')),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mode === undefined ? {} : { mode }),
  };
}

function triggersIn(value: YamlValue | undefined, wrong: () => Fault): TemplateTrigger[] {
  if (value === undefined || value === '') return [];
  if (!Array.isArray(value)) throw wrong();
  const texts = value.filter((item): item is string => typeof item === 'string');
  return [...new Set(texts.filter(isTrigger))];
}

function propertiesIn(value: YamlValue | undefined, wrong: () => Fault): Record<string, string> {
  if (value === undefined || value === '') return {};
  if (!(value instanceof Map)) throw wrong();
  const pairs = [...value].filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  if (pairs.length !== value.size) throw wrong();
  return Object.fromEntries(pairs);
}

/** The same in the shape of `metadata.yaml`. */
export function templateSection(rules: readonly TemplateRule[]): Record<string, unknown> {
  const section = rules.map(({ path, when, template, createOnly, properties, uid, gid, mode }) => [
    path,
    {
      ...{ when, create_only: createOnly, template, properties },
      ...(uid === undefined ? {} : { uid: String(uid) }),
      ...(gid === undefined ? {} : { gid: String(gid) }),
      ...(mode === undefined ? {} : { mode: mode.toString(8).padStart(4, '0') }),
    },
  ]);
  return Object.fromEntries(section);
}

function invalid(what: string, reason: string): Fault {
  return new Fault('invalid', `${what}: ${reason}`);
}
