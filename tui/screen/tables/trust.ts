import { groupRecord } from '../../auth/record.ts';
import { dateOf, minuteOf } from '../../output/units.ts';
import { clientRecord, tokenRecord } from '../../trust/record.ts';
import type { Perspective } from '../state/state.ts';
import type { TrustRow } from '../state/trust-rows.ts';
import { defineTable, wordFilter } from './table.ts';

export const trustTable = defineTable<TrustRow>({
  title: 'Trust',
  empty: 'No client on the network is trusted',
  begin: { command: 'new-token', does: 'makes a token for one' },
  columns: [
    { id: 'name', title: 'NAME', width: 18, most: 40, rank: 0, text: nameOf },
    {
      ...{ id: 'kind', title: 'KIND', width: 6, rank: 1, text: kindOf },
      role: (row) => ('token' in row ? 'busy' : 'group' in row ? 'accent' : undefined),
    },
    { id: 'may', title: 'MAY', width: 24, most: 70, rank: 2, text: rightsOf },
    {
      ...{ id: 'expires', title: 'EXPIRES', width: 20, rank: 3 },
      text: (row) => ('group' in row ? '' : minuteOf(expiryOf(row)) || 'never'),
      value: (row) => expiryOf(row)?.getTime() ?? Number.MAX_SAFE_INTEGER,
      role: (row, { now }: Perspective) => ((expiryOf(row)?.getTime() ?? now + 1) <= now ? 'bad' : undefined),
    },
    {
      ...{ id: 'fingerprint', title: 'FINGERPRINT', width: 12, rank: 4 },
      text: (row) => ('client' in row ? row.client.fingerprint.slice(0, 12) : ''),
    },
  ],
  rows: ({ trust }) => trust,
  filter: wordFilter((row) => [nameOf(row), kindOf(row), rightsOf(row)]),
  record: (row) =>
    'client' in row ? clientRecord(row.client) : 'token' in row ? tokenRecord(row.token) : groupRecord(row.group),
});

function kindOf(row: TrustRow): string {
  return 'client' in row ? 'client' : 'token' in row ? 'token' : 'group';
}

function nameOf(row: TrustRow): string {
  return 'client' in row ? row.client.name : 'token' in row ? (row.token.rights?.name ?? '') : row.group.name;
}

/** Of a group: `operator of project lab`. */
function rightsOf(row: TrustRow): string {
  if ('group' in row) {
    const rights = row.group.permissions.map(({ entityType, entity, entitlement }) =>
      `${entitlement} of ${entityType} ${entity}`.trim(),
    );
    return rights.join(', ') || 'nothing';
  }
  const { restricted = false, projects = [], groups = [] } = 'client' in row ? row.client : (row.token.rights ?? {});
  if (!restricted) return 'everything';
  const parts = [...projects, ...groups.map((group) => `group ${group}`)];
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

/** Of the client, or of the token itself. */
function expiryOf(row: TrustRow): Date | undefined {
  return 'group' in row ? undefined : dateOf('client' in row ? row.client.expiresAt : row.token.expiresAt);
}
