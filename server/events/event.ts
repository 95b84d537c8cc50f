import type { OperationView } from '../operations/operation.ts';

/** What happened to an object: the verb is part of the action, as in the field (`instance-started`). */
export interface Lifecycle {
  readonly type: 'lifecycle';
  readonly action: string;
  /** `instance/web`, `image/2f0c…`. */
  readonly source: string;
  readonly context: Readonly<Record<string, string>>;
}

export interface OperationChanged {
  readonly type: 'operation';
  readonly operation: OperationView;
}

export interface Logged {
  readonly type: 'logging';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Who called what, and what came of it. */
export interface Audit {
  readonly type: 'audit';
  /** With the address or the process that the call came from. */
  readonly caller: string;
  /** Of its certificate; empty for a process of this host. */
  readonly fingerprint: string;
  /** `yurt.v1.InstanceService/StartInstance`. */
  readonly method: string;
  /** The instance or operation that it was about: `instance/web`; empty: neither. */
  readonly subject: string;
  /** `ok` or the code of the fault; `begun` when a stream begins, which has its end told too. */
  readonly result: string;
}

export type EventPayload = Lifecycle | OperationChanged | Logged | Audit;

export interface Event {
  /** Counts up by one from 1 in the life of one server. */
  readonly sequence: number;
  readonly time: Date;
  readonly project: string;
  readonly payload: EventPayload;
}
