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

export function withEvent(state: State, event: Event__Output, remote: string): State {
  // The list of operations is the present server's alone.
  if (event.operation) return remote === '' ? withOperation(state, event.operation) : state;
  if (!event.lifecycle && !event.logging) return state;
  const events = new Map(state.data.events);
  events.set(`${remote}:${event.cursor}`, { event, remote });
  for (const key of events.keys()) {
    if (events.size <= maxEvents) break;
    events.delete(key);
  }
  return { ...state, data: { ...state.data, events } };
}

export function withOperation(state: State, operation: Operation__Output): State {
  const operations = new Map(state.data.operations);
  operations.set(operation.id, operation);
  for (const [id, one] of operations) {
    if (operations.size <= maxOperations) break;
    if (hasEnded(one)) operations.delete(id);
  }
  return { ...state, data: { ...state.data, operations } };
}
