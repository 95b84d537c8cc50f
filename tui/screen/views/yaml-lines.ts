import { type Line, line, span } from '../frame/line.ts';
import { safe } from './safe.ts';

/** An object as indented lines, as YAML would have it: keys, values, lists. For people; it is not parsed again. */
export function yamlLines(value: unknown, indent = ''): Line[] {
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      if (isScalar(item)) return [line(`${indent}- `, scalar(item))];
      const [first, ...others] = yamlLines(item, `${indent}  `);
      if (first === undefined) return [line(`${indent}- {}`)];
      const [lead, ...spans] = first.spans;
      return [line(`${indent}- `, span((lead?.text ?? '').slice(indent.length + 2), lead?.role), ...spans), ...others];
    });
  }
  if (!isMap(value)) return [line(indent, scalar(value))];
  return Object.entries(value).flatMap(([key, item]) => {
    const name = [span(indent), span(safe(key), 'accent'), span(':')];
    if (isEmpty(item)) return [line(...name, ' ', span(Array.isArray(item) ? '[]' : '{}', 'dim'))];
    return isScalar(item) ? [line(...name, ' ', scalar(item))] : [line(...name), ...yamlLines(item, `${indent}  `)];
  });
}

function scalar(value: unknown): { readonly text: string } {
  if (value === '') return span("''", 'dim');
  return span(safe(String(value)), value === null || value === undefined ? 'dim' : undefined);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isMap(value) && Object.keys(value).length === 0;
}
