import { createHash } from 'node:crypto';

/**
 * A tag of what a user may edit: equal content, equal tag, whatever the order of keys. A change that names the tag of
 * what it was made from is refused when somebody else came first.
 */
export function etagOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content, sortedKeys)).digest('hex').slice(0, 32);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
