import type { ConfigKey } from './base/config-key.ts';
import { faultMeanings } from './base/fault.ts';
import { serverKeys } from './daemon/server-config.ts';
import { deviceTypes } from './devices/device-types.ts';
import { instanceKeys } from './instances/config-keys.ts';
import { bridgeKeys } from './networks/network.ts';
import { projectKeys } from './projects/project-keys.ts';
import { poolKeys } from './storage/pool.ts';

/** docs/reference/configuration.md: every key, device option and fault, from the tables that the server itself works by. */
export function configurationReference(): string {
  return [
    '# Configuration',
    'Generated from the tables of the server by `npm run build`; do not edit.',
    '## Instances',
    "Given with `-c KEY=VALUE` when an instance is made, or by its profiles. Later profiles win over earlier ones, the instance's own over all.",
    instanceKeyTable(),
    '## Devices',
    ...deviceTypes.map(({ type, doc, options }) => deviceSection(type, doc, options)),
    '## Projects',
    'Given with `-c KEY=VALUE` to `yurt project create`, or with `yurt project set`.',
    keyTable(projectKeys),
    '## Server',
    'Set with `yurt config set KEY=VALUE`, without the name of an instance.',
    keyTable(serverKeys),
    '## Networks',
    keyTable(Object.entries(bridgeKeys).map(([key, entry]) => ({ ...entry, key }))),
    '## Storage pools',
    keyTable(poolKeys),
    '## Faults',
    'The code of a failed operation or call (`yurt-fault` in the trailers of a gRPC call), and the gRPC status that goes with it.',
    table(
      ['code', 'gRPC status', 'again later?', 'meaning'],
      Object.entries(faultMeanings).map(([code, { grpcStatus, retry, doc }]) => [
        `\`${code}\``,
        String(grpcStatus),
        retry ? 'yes' : 'no',
        doc,
      ]),
    ),
    '',
  ].join('\n\n');
}

/** With what holds for those that run already. */
function instanceKeyTable(): string {
  const rows = instanceKeys.map(({ key, type, default: unset, live, doc }) => [
    `\`${key}\``,
    type,
    unset === '' ? '' : `\`${unset}\``,
    live ? 'at once' : 'at the next start',
    doc,
  ]);
  return table(['key', 'type', 'default', 'a change holds', 'what it does'], rows);
}

function keyTable(keys: readonly Pick<ConfigKey, 'key' | 'type' | 'default' | 'doc'>[]): string {
  const rows = keys.map(({ key, type, default: unset, doc }) => [
    `\`${key}\``,
    type,
    unset === '' ? '' : `\`${unset}\``,
    doc,
  ]);
  return table(['key', 'type', 'default', 'what it does'], rows);
}

function deviceSection(type: string, doc: string, options: (typeof deviceTypes)[number]['options']): string {
  const rows = Object.entries(options).map(([name, option]) => [
    `\`${name}\``,
    option.required ? 'yes' : '',
    option.doc,
  ]);
  const heading = `### ${type}\n\n${doc}`;
  return rows.length === 0 ? heading : `${heading}\n\n${table(['option', 'required', 'what it does'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
