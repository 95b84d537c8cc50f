import { InstanceReceiver, type ReceiveDeps } from '../transfers/receive-instance.ts';
import { InstanceSender, type SendDeps } from '../transfers/send-instance.ts';
import { TransferEnds } from '../transfers/transfer-ends.ts';

/** What instances go to other servers by, wired. */
export interface TransferParts {
  readonly ends: TransferEnds;
  readonly sender: InstanceSender;
  readonly receiver: InstanceReceiver;
}

export function openTransfers(wiring: Omit<SendDeps & ReceiveDeps, 'ends'>): TransferParts {
  const ends = new TransferEnds();
  return { ends, sender: new InstanceSender({ ...wiring, ends }), receiver: new InstanceReceiver({ ...wiring, ends }) };
}
