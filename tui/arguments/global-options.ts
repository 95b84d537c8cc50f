import type { OptionSpec } from '../commands/command.ts';

/** Options that every command takes. */
export const globalOptions: readonly OptionSpec[] = [
  { name: 'project', value: 'PROJECT', doc: 'The project to work in', complete: 'projects' },
  { name: 'force-local', doc: 'Use the local unix socket, whatever the configuration says' },
  { name: 'debug', doc: 'Show the calls to the server, and stacks of defects' },
  { name: 'verbose', short: 'v', doc: 'Show more' },
  { name: 'quiet', short: 'q', doc: 'Show no progress' },
  { name: 'version', doc: 'Print the version of this program' },
  { name: 'help', short: 'h', doc: 'Print help' },
];
