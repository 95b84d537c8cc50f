import { Fault } from '../base/fault.ts';
import type { TemplateTrigger } from './template-set.ts';

/** What the tokens of a template stand for. */
export interface TemplateFacts {
  readonly trigger: TemplateTrigger;
  readonly path: string;
  readonly instance: {
    readonly name: string;
    readonly project: string;
    readonly architecture: string;
    readonly privileged: boolean;
    readonly ephemeral: boolean;
  };
  /** With profiles. */
  readonly config: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string>>;
}

/** Bytes that one template may become: values of the configuration may be long, and tokens many. */
export const maxRenderedBytes = 1024 * 1024;

interface Token {
  readonly token: string;
  readonly doc: string;
  readonly value: (facts: TemplateFacts) => string;
}

/** The tokens without parameters. `container.…` means the same as `instance.…`. */
export const templateTokens: readonly Token[] = [
  { token: 'instance.name', doc: 'The name of the instance.', value: ({ instance }) => instance.name },
  { token: 'instance.project', doc: 'The project of the instance.', value: ({ instance }) => instance.project },
  { token: 'instance.type', doc: 'Always `container`.', value: () => 'container' },
  {
    token: 'instance.architecture',
    doc: "The kernel's name of its architecture: `x86_64`.",
    value: ({ instance }) => instance.architecture,
  },
  {
    token: 'instance.privileged',
    doc: '`true` when its root is root of the host.',
    value: ({ instance }) => String(instance.privileged),
  },
  {
    token: 'instance.ephemeral',
    doc: '`true` when it is deleted once it stops.',
    value: ({ instance }) => String(instance.ephemeral),
  },
  { token: 'trigger', doc: '`create`, `copy`, `rename` or `start`.', value: ({ trigger }) => trigger },
  { token: 'path', doc: 'The path of the file that is written.', value: ({ path }) => path },
];

const values: ReadonlyMap<string, Token['value']> = new Map(
  templateTokens.flatMap(({ token, value }): [string, Token['value']][] => [
    [token, value],
    ...(token.startsWith('instance.')
      ? [[token.replace('instance', 'container'), value] as [string, Token['value']]]
      : []),
  ]),
);

/** Every repetition has a bound, so that no text makes the search slow. */
const space = '[ \\t]{0,16}';
const quoted = '"([^"\\\\\\r\\n]{0,1024})"';
const property = 'properties\\.([A-Za-z0-9_-]{1,64})';
const tokenPattern = new RegExp(
  `\\{\\{${space}(?:` +
    `${property}|` +
    `([a-z]{1,16}(?:\\.[a-z]{1,16})?)|` +
    `config_get\\(${space}${quoted}${space}(?:,${space}(?:${quoted}|${property})${space})?\\)` +
    `)${space}\\}\\}`,
  'g',
);

/**
 * Puts values in the place of tokens. There is no language: tokens are a fixed set, found in one pass over the template
 * alone, so that no value is ever read as a template; whatever else the text has stays as it is. Fault `exhausted` beyond
 * `maxRenderedBytes`.
 */
export function renderTemplate(text: string, facts: TemplateFacts): string {
  let bytes = 0;
  const grow = (piece: string) => {
    bytes += Buffer.byteLength(piece);
    if (bytes > maxRenderedBytes) throw new Fault('exhausted', `It becomes larger than ${maxRenderedBytes} bytes`);
    return piece;
  };
  const pieces: string[] = [];
  let end = 0;
  for (const match of text.matchAll(tokenPattern)) {
    pieces.push(grow(text.slice(end, match.index)), grow(tokenValue(match, facts) ?? match[0]));
    end = match.index + match[0].length;
  }
  pieces.push(grow(text.slice(end)));
  return pieces.join('');
}

/** Undefined for what is no token. */
function tokenValue(match: RegExpMatchArray, facts: TemplateFacts): string | undefined {
  const [, propertyName, name, key, otherwise, otherProperty] = match;
  if (name !== undefined) return values.get(name)?.(facts);
  if (propertyName !== undefined) return own(facts.properties, propertyName) ?? '';
  if (key === undefined) return undefined;
  return (
    own(facts.config, key) ??
    otherwise ??
    (otherProperty === undefined ? '' : (own(facts.properties, otherProperty) ?? ''))
  );
}

function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

const maxShownConstructs = 5;
/** What template languages have, and tokens that are none here. */
const construct = /\{%[^\r\n]{0,60}|\{#[^\r\n]{0,60}|\{\{[^\r\n]{0,60}/g;

/** The first few places that look like a template's and will stay as they are: for a warning. */
export function literalConstructs(text: string): string[] {
  const found: string[] = [];
  const rest = text.replace(tokenPattern, (token, _property, name: string | undefined) =>
    name === undefined || values.has(name) ? '' : token,
  );
  for (const [each] of rest.matchAll(construct)) {
    if (found.length === maxShownConstructs) break;
    found.push(each);
  }
  return found;
}
