import type { Event__Output } from '../../../proto/gen/yurt/v1/Event.ts';
import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import { hasEnded } from '../../client/operation.ts';
import type { State } from './state.ts';

/** How many events and operations are kept to be looked at. */
const maxEvents = 1000;
const maxOperations = 500;

/** Something that has happened, and on which server; empty: the present one. */
export interface EventRow {
  readonly event: Event__Output;
  readonly remote: string;
}

/** Something that the server does, or has done, and which server; empty: the present one. */
export interface OperationRow {
  readonly operation: Operation__Output;
  readonly remote: string;
}

export function withEvent(state: State, event: Event__Output, remote: string): State {
  if (event.operation) return withOperation(state, event.operation, remote);
  if (!event.lifecycle && !event.logging) return state;
  const events = new Map(state.data.events);
  events.set(`${remote}:${event.cursor}`, { event, remote });
  for (const key of events.keys()) {
    if (events.size <= maxEvents) break;
    events.delete(key);
  }
  return { ...state, data: { ...state.data, events } };
}

export function withOperation(state: State, operation: Operation__Output, remote: string): State {
  if (remote !== '' && !state.others.has(remote)) return state;
  const operations = new Map(state.data.operations);
  operations.set(operationKey(operation, remote), { operation, remote });
  for (const [key, row] of operations) {
    if (operations.size <= maxOperations) break;
    if (hasEnded(row.operation)) operations.delete(key);
  }
  return { ...state, data: { ...state.data, operations } };
}

/** The state after a server has listed its operations. Those of other servers stay as they are. */
export function withOperations(state: State, listed: readonly Operation__Output[], remote: string): State {
  const others = [...state.data.operations].filter(([, row]) => row.remote !== remote);
  const own = listed.map((operation) => [operationKey(operation, remote), { operation, remote }] as const);
  return { ...state, data: { ...state.data, operations: new Map([...others, ...own]) } };
}

function operationKey({ id }: Operation__Output, remote: string): string {
  return `${remote}:${id}`;
}
