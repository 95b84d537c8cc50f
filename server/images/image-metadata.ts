import { stringify } from 'yaml';
import { Fault } from '../base/fault.ts';
import type { TemplateRule } from '../templates/template-set.ts';
import { parseTemplateRules, templateSection } from './template-rules.ts';
import { parseYamlText } from './yaml-text.ts';

/** What `metadata.yaml` of an image says; the same keys as in the field, so that the file travels both ways. */
export interface ImageMetadata {
  /** Kernel name: `x86_64`, `aarch64`. */
  readonly architecture: string;
  /** Seconds since 1970. */
  readonly creationDate: number;
  readonly properties: Readonly<Record<string, string>>;
  /** What is made of the files of `templates/` in each instance. */
  readonly templates: readonly TemplateRule[];
}

export const metadataLimits = { maxProperties: 100, maxNameLength: 64, maxValueLength: 4096 } as const;

export function formatMetadata(metadata: ImageMetadata): string {
  const { architecture, creationDate, properties, templates } = metadata;
  const section = templates.length === 0 ? {} : { templates: templateSection(templates) };
  return stringify(
    { architecture, creation_date: creationDate, properties, ...section },
    { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' },
  );
}

/** Reads a hostile `metadata.yaml`: keys other than these are ignored. Fault: `invalid`. */
export function parseMetadata(text: string): ImageMetadata {
  const what = 'metadata.yaml of the image';
  const document = parseYamlText(what, text);
  if (!(document instanceof Map)) throw new Fault('invalid', `${what} is not a mapping`);
  const architecture = document.get('architecture');
  if (typeof architecture !== 'string' || !/^[a-z0-9_]{1,20}$/.test(architecture)) {
    throw new Fault('invalid', `${what} names no valid architecture`);
  }
  const date = document.get('creation_date');
  const creationDate = typeof date === 'string' && /^[0-9]{1,11}$/.test(date) ? Number(date) : 0;
  const properties = document.get('properties');
  const pairs = properties instanceof Map ? [...properties] : [];
  if (pairs.length > metadataLimits.maxProperties) throw new Fault('invalid', `${what} has too many properties`);
  return {
    architecture,
    creationDate,
    properties: Object.fromEntries(pairs.filter((pair): pair is [string, string] => isProperty(...pair))),
    templates: parseTemplateRules(what, document.get('templates')),
  };
}

/** Fault `invalid` for a property that an image would not keep. */
export function checkProperties(properties: Readonly<Record<string, string>>): void {
  const pairs = Object.entries(properties);
  if (pairs.length > metadataLimits.maxProperties) throw new Fault('invalid', 'Too many properties of an image');
  const wrong = pairs.find(([name, value]) => !isProperty(name, value));
  if (wrong === undefined) return;
  const { maxNameLength, maxValueLength } = metadataLimits;
  throw new Fault(
    'invalid',
    `Invalid property ${JSON.stringify(wrong[0].slice(0, 80))} of an image: one line, name and value at most ${maxNameLength} and ${maxValueLength} characters`,
  );
}

/** Properties are shown in terminals and tables: one line of printable text, or they are left out. */
function isProperty(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || value.length > metadataLimits.maxValueLength) return false;
  const unprintable = /[\x00-\x1f\x7f-\x9f]/;
  return (
    name !== '' &&
    name !== '__proto__' &&
    name.length <= metadataLimits.maxNameLength &&
    !unprintable.test(name) &&
    !unprintable.test(value)
  );
}
