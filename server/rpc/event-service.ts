import type { EventServiceHandlers } from '../../proto/gen/yurt/v1/EventService.ts';
import type { WatchEventsRequest__Output } from '../../proto/gen/yurt/v1/WatchEventsRequest.ts';
import { Fault } from '../base/fault.ts';
import type { Event } from '../events/event.ts';
import type { Events } from '../events/events.ts';
import { encodeEvent, encodeTime } from './encode.ts';
import { sees } from './identity.ts';
import { projectOf } from './project.ts';
import type { Call, Handlers } from './router.ts';

const eventTypes: readonly string[] = ['lifecycle', 'operation', 'logging', 'audit'];

export function eventService(events: Events): Handlers<EventServiceHandlers> {
  return { WatchEvents: (call, request) => watch(events, call, request) };
}

async function* watch(events: Events, call: Call, request: WatchEventsRequest__Output) {
  const unknown = request.types.find((type) => !eventTypes.includes(type));
  if (unknown !== undefined) {
    throw new Fault('invalid', `Unknown event type "${unknown.slice(0, 80)}": must be one of ${eventTypes.join(', ')}`);
  }
  const project = projectOf(request);
  const position = events.position(request.cursor);
  yield { event: { cursor: events.cursorOf(position), time: encodeTime(new Date()), begun: {} } };
  for await (const event of events.watch(position, call.signal)) {
    if (request.types.length > 0 && !request.types.includes(event.payload.type)) continue;
    if (!request.allProjects && event.project !== project) continue;
    if (!mayRead(call, event)) continue;
    yield { event: encodeEvent(event, events.cursorOf(event.sequence)) };
  }
}

/** The server's log, and who did what, are for those who may see everything. */
function mayRead({ identity }: Call, { project, payload }: Event): boolean {
  if (payload.type !== 'lifecycle' && payload.type !== 'operation') return identity.projects === undefined;
  return sees(identity, project);
}
