import { CST, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument } from 'yaml';
import { Fault } from '../base/fault.ts';

/** A YAML value in the failsafe schema: every scalar is the text that was written, so `12` and `"12"` are the same. */
export type YamlValue = string | readonly YamlValue[] | ReadonlyMap<string, YamlValue>;

export const yamlLimits = {
  /** Size of one document. */
  maxBytes: 512 * 1024,
  /** Mappings and sequences within each other. */
  maxDepth: 16,
} as const;

/**
 * Parses one YAML document that may be hostile: bounded in size and depth, no aliases or anchors (so that nothing
 * expands), no duplicate keys, no types but text, lists and mappings. `what` names the document in faults (`invalid`).
 */
export function parseYamlText(what: string, text: string): YamlValue {
  if (Buffer.byteLength(text) > yamlLimits.maxBytes) throw invalid(what, `is larger than ${yamlLimits.maxBytes} bytes`);
  refuseAliases(what, text);
  try {
    // The library's own check for duplicate keys compares each with each; `read` has a set.
    const lines = new LineCounter();
    const options = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, lineCounter: lines } as const;
    const document = parseDocument(text, options);
    const [error] = document.errors;
    if (error !== undefined) {
      if (error.message.includes('call stack')) throw invalid(what, tooDeep);
      const { line } = lines.linePos(error.pos[0]);
      throw invalid(what, `is not valid YAML: line ${line}: ${error.message.slice(0, 200).split('\n')[0]}`);
    }
    return read(what, document.contents, 1);
  } catch (error) {
    // The library recurses: a document of nothing but nesting ends here.
    if (error instanceof RangeError) throw invalid(what, tooDeep);
    throw error;
  }
}

const tooDeep = `is nested deeper than ${yamlLimits.maxDepth} levels`;

/** Nothing needs aliases or their anchors, and a document of nothing else would keep the parser busy for minutes. */
function refuseAliases(what: string, text: string): void {
  let isContent = false;
  for (const token of new Lexer().lex(text)) {
    const type = isContent ? 'scalar' : CST.tokenType(token);
    if (type === 'anchor' || type === 'alias') throw invalid(what, 'has an alias or anchor, which are not allowed');
    isContent = token === CST.SCALAR;
  }
}

function read(what: string, node: unknown, depth: number): YamlValue {
  if (depth > yamlLimits.maxDepth) throw invalid(what, tooDeep);
  if (node === null || node === undefined) return '';
  if (isScalar(node)) return typeof node.value === 'string' ? node.value : '';
  if (isSeq(node)) return node.items.map((item) => read(what, item, depth + 1));
  if (!isMap(node)) throw invalid(what, 'has a value that is neither text, list nor mapping');
  const entries = new Map<string, YamlValue>();
  for (const { key: keyNode, value } of node.items) {
    const key = read(what, keyNode, yamlLimits.maxDepth);
    if (typeof key !== 'string') throw invalid(what, 'has a key that is not text');
    if (entries.has(key)) throw invalid(what, `has the key ${JSON.stringify(key.slice(0, 80))} twice`);
    entries.set(key, read(what, value, depth + 1));
  }
  return entries;
}

function invalid(what: string, reason: string): Fault {
  return new Fault('invalid', `${what} ${reason}`);
}
