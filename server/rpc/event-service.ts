import type { EventServiceHandlers } from '../../proto/gen/yurt/v1/EventService.ts';
import type { WatchEventsRequest__Output } from '../../proto/gen/yurt/v1/WatchEventsRequest.ts';
import { Fault } from '../base/fault.ts';
import type { Events } from '../events/events.ts';
import { encodeEvent, encodeTime } from './encode.ts';
import type { Gate } from './gate.ts';
import { projectOf } from './project.ts';
import type { Call, Handlers } from './router.ts';

const eventTypes: readonly string[] = ['lifecycle', 'operation', 'logging', 'audit'];

export function eventService(events: Events, gate: Gate): Handlers<EventServiceHandlers> {
  return { WatchEvents: (call, request) => watch(events, gate, call, request) };
}

async function* watch(events: Events, gate: Gate, call: Call, request: WatchEventsRequest__Output) {
  const unknown = request.types.find((type) => !eventTypes.includes(type));
  if (unknown !== undefined) {
    throw new Fault('invalid', `Unknown event type "${unknown.slice(0, 80)}": must be one of ${eventTypes.join(', ')}`);
  }
  const project = projectOf(request);
  const mayRead = gate.eventFilter(call.identity);
  const position = events.position(request.cursor);
  yield { event: { cursor: events.cursorOf(position), time: encodeTime(new Date()), begun: {} } };
  for await (const event of events.watch(position, call.signal)) {
    if (request.types.length > 0 && !request.types.includes(event.payload.type)) continue;
    if (!request.allProjects && event.project !== project) continue;
    if (!mayRead(event)) continue;
    yield { event: encodeEvent(event, events.cursorOf(event.sequence)) };
  }
}
