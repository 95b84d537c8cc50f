import { UsageError } from '../arguments/usage-error.ts';
import type { Input, RemoteContext } from '../commands/command.ts';
import { printWarning } from '../files/warning.ts';
import { deviceOptions, pairOf } from '../instances/device-options.ts';
import { parseReference } from '../snapshots/reference.ts';
import { modeOf, Side, transfer } from './transfer.ts';

export interface BetweenRequest {
  readonly source: RemoteContext;
  /** INSTANCE, or INSTANCE/SNAPSHOT. */
  readonly word: string;
  readonly target: RemoteContext;
  /** Empty: the same. */
  readonly name: string;
  readonly move: boolean;
  readonly refresh: boolean;
}

/** Copies or moves an instance, or copies a snapshot, from one server to another. */
export async function copyBetween(
  { source, word, target, name, move, refresh }: BetweenRequest,
  input: Input,
): Promise<void> {
  const mode = modeOf(input.value('mode'));
  const snapshot = parseReference(word);
  const instance = snapshot?.instance ?? word;
  if (instance === '') throw new UsageError('The name of the instance is missing');
  const profiles = input.values('profile');
  const [from, to] = await Promise.all([Side.of(source), Side.of(target)]);
  const instanceOnly = input.flag('instance-only') || snapshot !== undefined;
  const { result } = await transfer(from, to, mode, {
    receive: () =>
      to.connection.call('TransferService', 'ReceiveInstance', {
        project: input.value('target-project') ?? target.global.project,
        name: name === '' ? instance : name,
        ephemeral: !move && input.flag('ephemeral'),
        profiles: [...profiles],
        noProfiles: input.flag('no-profiles'),
        config: Object.fromEntries(input.values('config').map(pairOf)),
        devices: deviceOptions(input.values('device')),
        pool: input.value('storage') ?? '',
        start: input.flag('start'),
        allowHostAccess: input.flag('allow-host-access'),
        peerFingerprint: from.fingerprint,
        ...{ refresh, move, instanceOnly },
      }),
    send: ({ known }) =>
      from.connection.call('TransferService', 'SendInstance', {
        project: source.global.project,
        peerFingerprint: to.fingerprint,
        snapshot: snapshot?.name ?? '',
        ...{ instance, instanceOnly, known, move },
      }),
  });
  for (const warning of result?.warnings ?? []) await printWarning(target, warning);
}
