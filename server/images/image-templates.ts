import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { literalConstructs } from '../templates/render-template.ts';
import { checkTemplates, type TemplateSet } from '../templates/template-set.ts';

/** The templates of a stored image, with the date that its `metadata.yaml` has, in seconds since 1970. */
export interface ImageTemplates extends TemplateSet {
  readonly creationDate: number;
}

const fileName = 'templates.json';

/** Keeps the templates beside the image's file. Most images have none, and then there is no such file. */
export async function writeImageTemplates(directory: string, templates: ImageTemplates): Promise<void> {
  if (templates.rules.length === 0 && templates.files.length === 0) return;
  await writeFile(join(directory, fileName), JSON.stringify(templates), { mode: 0o600, flush: true });
}

/** Undefined for an image without templates. */
export async function readImageTemplates(directory: string): Promise<ImageTemplates | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, fileName), 'utf8')) as ImageTemplates; // written above, checked before
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Checks the templates of an image that is to be kept, and warns of what they have that will stay as it is. */
export function judgeTemplates(log: Log, what: string, templates: TemplateSet): void {
  checkTemplates(what, templates);
  for (const { name, content } of templates.files) {
    const literal = literalConstructs(content);
    if (literal.length === 0) continue;
    log.warn({ template: name, literal }, 'a template of the image has what is no token: it stays as it is');
  }
}
