import type { Session__Output } from '../../proto/gen/yurt/v1/Session.ts';
import { printList } from '../output/print-list.ts';
import { dateOf, minuteOf } from '../output/units.ts';
import { sessionRecord, sessionStatus } from '../sessions/record.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = ''] = input.arguments;
  const allProjects = input.flag('all-projects');
  await printList<Session__Output>(
    context,
    input,
    {
      columns: {
        ID: ({ id }) => id,
        INSTANCE: (session) => session.instance,
        ...(allProjects ? { PROJECT: ({ project }) => project } : {}),
        COMMAND: ({ command }) => command.join(' '),
        STATE: (session) => sessionStatus(session).toUpperCase(),
        'EXIT CODE': ({ status, exitCode }) => (status === 'SESSION_STATUS_ENDED' ? String(exitCode) : ''),
        ATTACHED: ({ attached }) => (attached ? 'YES' : 'NO'),
        CREATED: ({ createdAt }) => minuteOf(dateOf(createdAt)),
      },
      record: sessionRecord,
    },
    async () => {
      const { project } = context.global;
      const request = { project, allProjects, instance };
      const { sessions } = await (await context.connect()).call('SessionService', 'ListSessions', request);
      const age = (session: Session__Output) => dateOf(session.createdAt)?.getTime() ?? 0;
      return sessions.sort((a, b) => age(a) - age(b));
    },
    true,
  );
}
