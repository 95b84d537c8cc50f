import { dateOf, minuteOf } from '../../output/units.ts';
import { clientRecord, tokenRecord } from '../../trust/record.ts';
import type { Clock } from '../state/state.ts';
import type { TrustRow } from '../state/trust-rows.ts';
import { defineTable, wordFilter } from './table.ts';

export const trustTable = defineTable<TrustRow>({
  title: 'Trust',
  empty: 'No client on the network is trusted: n makes a token for one',
  columns: [
    { id: 'name', title: 'NAME', width: 18, most: 40, rank: 0, text: nameOf },
    {
      ...{ id: 'kind', title: 'KIND', width: 6, rank: 1, text: kindOf },
      role: (row) => ('token' in row ? 'busy' : undefined),
    },
    { id: 'may', title: 'MAY SEE', width: 20, most: 50, rank: 2, text: rightsOf },
    {
      ...{ id: 'expires', title: 'EXPIRES', width: 20, rank: 3 },
      text: (row) => minuteOf(expiryOf(row)) || 'never',
      value: (row) => expiryOf(row)?.getTime() ?? Number.MAX_SAFE_INTEGER,
      role: (row, { now }: Clock) => ((expiryOf(row)?.getTime() ?? Number.MAX_SAFE_INTEGER) <= now ? 'bad' : undefined),
    },
    {
      ...{ id: 'fingerprint', title: 'FINGERPRINT', width: 12, rank: 4 },
      text: (row) => ('client' in row ? row.client.fingerprint.slice(0, 12) : ''),
    },
  ],
  rows: ({ trust }) => trust,
  filter: wordFilter((row) => [nameOf(row), kindOf(row), rightsOf(row)]),
  record: (row) => ('client' in row ? clientRecord(row.client) : tokenRecord(row.token)),
});

function kindOf(row: TrustRow): string {
  return 'client' in row ? 'client' : 'token';
}

function nameOf(row: TrustRow): string {
  return 'client' in row ? row.client.name : (row.token.rights?.name ?? '');
}

function rightsOf(row: TrustRow): string {
  const { restricted = false, projects = [] } = 'client' in row ? row.client : (row.token.rights ?? {});
  if (!restricted) return 'everything';
  return projects.length === 0 ? 'nothing' : projects.join(', ');
}

/** Of the client, or of the token itself. */
function expiryOf(row: TrustRow): Date | undefined {
  return dateOf('client' in row ? row.client.expiresAt : row.token.expiresAt);
}
