import { LineCounter, parseDocument } from 'yaml';
import { Fault } from '../base/fault.ts';

/** A YAML value in the failsafe schema: every scalar is the text that was written, so `12` and `"12"` are the same. */
export type YamlValue = string | readonly YamlValue[] | ReadonlyMap<string, YamlValue>;

export const yamlLimits = {
  /** Size of one document. */
  maxBytes: 1024 * 1024,
  /** Mappings and sequences within each other. */
  maxDepth: 16,
} as const;

/**
 * Parses one YAML document that may be hostile: bounded in size and depth, no aliases (so that nothing expands), no
 * duplicate keys, no types but text, lists and mappings. `what` names the document in faults (`invalid`).
 */
export function parseYamlText(what: string, text: string): YamlValue {
  const size = Buffer.byteLength(text);
  if (size > yamlLimits.maxBytes) throw invalid(what, `is larger than ${yamlLimits.maxBytes} bytes`);
  const tooDeep = `is nested deeper than ${yamlLimits.maxDepth} levels`;
  if (flowDepth(text) > yamlLimits.maxDepth) throw invalid(what, tooDeep);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, uniqueKeys: true });
    const [error] = document.errors;
    if (error !== undefined) throw invalid(what, `is not valid YAML: ${error.message.split('\n')[0]}`);
    const value: unknown = document.toJS({ mapAsMap: true, maxAliasCount: 0 });
    return checked(what, value, 1);
  } catch (error) {
    if (error instanceof Fault) throw error;
    // The parser recurses: a document of nothing but nesting ends here, and so does one with an alias.
    const reason = error instanceof RangeError ? tooDeep : 'has an alias, and aliases are not allowed';
    throw new Fault('invalid', `${what} ${reason}`, { cause: error });
  }
}

/** The deepest run of brackets, counted without regard to quoting: only ever too many, and cheap. */
function flowDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const line of text.split('\n')) {
    depth = 0;
    for (const run of line.matchAll(/[[{]+|[\]}]+/g)) {
      depth += /^[[{]/.test(run[0]) ? run[0].length : -run[0].length;
      deepest = Math.max(deepest, depth);
    }
  }
  return deepest;
}

function checked(what: string, value: unknown, depth: number): YamlValue {
  if (depth > yamlLimits.maxDepth) throw invalid(what, `is nested deeper than ${yamlLimits.maxDepth} levels`);
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map((item) => checked(what, item, depth + 1));
  if (value instanceof Map) {
    const entries = new Map<string, YamlValue>();
    for (const [key, item] of value) {
      if (typeof key !== 'string') throw invalid(what, 'has a key that is not text');
      entries.set(key, checked(what, item, depth + 1));
    }
    return entries;
  }
  throw invalid(what, 'has a value that is neither text, list nor mapping');
}

function invalid(what: string, reason: string): Fault {
  return new Fault('invalid', `${what} ${reason}`);
}
