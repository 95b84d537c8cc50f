import { readFile } from 'node:fs/promises';
import { UsageError } from '../arguments/usage-error.ts';
import { Failure } from '../client/failure.ts';
import type { Context, Input } from '../commands/command.ts';
import { toYaml } from '../output/format.ts';
import { printable, printableLines } from '../output/printable.ts';
import { say } from '../output/say.ts';
import { readAll } from '../terminal/document.ts';
import { Questions } from '../terminal/prompt.ts';
import { applyPreseed } from './apply-preseed.ts';
import { checkPreseed } from './check-preseed.ts';
import { addressOf, type Choices, interview, preseedFor, presentChoices } from './interview.ts';
import { type Preseed, parsePreseed, preseedRecord } from './preseed.ts';
import { preseedOf, readServerState, type ServerState } from './server-state.ts';

const modes = ['auto', 'preseed', 'dump'] as const;
const maxPreseedBytes = 1024 * 1024;
/** Somebody who cannot be answered to must not be asked for ever. */
const maxRounds = 100;

/** Sets the server up: by questions, by a document, or by itself. */
export async function setUp(context: Context, input: Input): Promise<void> {
  const given = modes.filter((mode) => input.flag(mode));
  if (given.length > 1) throw new UsageError(`--${given.join(' and --')} exclude each other`);
  const [mode] = given;
  const networkOptions = ['network-address', 'network-port'].some((name) => input.value(name) !== undefined);
  if (networkOptions && mode !== 'auto') throw new UsageError('--network-address and --network-port go with --auto');
  const [file = ''] = input.arguments;
  if (mode !== 'preseed' && file !== '') throw new UsageError(`--${mode ?? ''} sets the server up: it takes no image`);
  if (mode === 'preseed') return await applied(context, await parsePreseed(await readPreseed(context, file)));
  const state = await readServerState(await context.connect());
  if (mode === 'dump') {
    await context.terminal.output.write(await toYaml(preseedRecord(preseedOf(state))));
    return;
  }
  if (mode === 'auto') {
    await tellOf(context, state);
    return await applied(context, preseedFor({ ...presentChoices(state), ...listenerOf(input, state) }, state));
  }
  if (!context.terminal.input.isTty) {
    throw new Failure(
      'There is no terminal to ask on: use --auto, --preseed or --dump, or name an image to create an instance',
    );
  }
  await tellOf(context, state);
  await askAndApply(context, state);
}

/** What cannot be made so is said, and asked again with the answers as they were. */
async function askAndApply(context: Context, state: ServerState): Promise<void> {
  using questions = new Questions(context.terminal);
  let choices = presentChoices(state);
  for (let round = 1; round <= maxRounds; round += 1) {
    choices = await interview(questions, state, choices);
    const preseed = preseedFor(choices, state);
    if (await questions.confirm('Would you like a YAML "yurt init" preseed to be printed?', false)) {
      await context.terminal.output.write(await toYaml(preseedRecord(preseed)));
    }
    try {
      return await applied(context, preseed);
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode === 130) throw error;
      await context.terminal.error.write(`Error: ${printableLines(error.message)}\n`);
    }
  }
  throw new Failure(`The server could not be set up in ${maxRounds} attempts`);
}

async function applied(context: Context, preseed: Preseed): Promise<void> {
  checkPreseed(preseed, await readServerState(await context.connect()));
  const made = await applyPreseed(context, preseed);
  for (const line of made) await say(context, `${line.charAt(0).toUpperCase()}${line.slice(1)}`);
  if (made.length === 0) await say(context, 'Everything is so already: nothing was changed');
}

/** What somebody who sees the server for the first time wants to know. */
async function tellOf({ terminal, global }: Context, state: ServerState): Promise<void> {
  if (global.quiet) return;
  const { pools, networks, projects, instanceCount, config } = state;
  const choices = presentChoices(state);
  const address = config['core.https_address'] ?? '';
  const lines = [
    `Storage pools: ${pools.map(({ name, driver }) => `${name} (${driver})`).join(', ') || 'none'}`,
    `Networks: ${networks.map(({ name, config: own }) => `${name} (${own['ipv4.address'] ?? 'no IPv4'})`).join(', ') || 'none'}`,
    `Projects: ${projects.map(({ name }) => name).join(', ')}`,
    `Instances: ${instanceCount}`,
    `New instances: on pool ${choices.pool || 'none'}, network ${choices.network || 'none'}`,
    `Clients on the network: ${address === '' ? 'not served' : `served at ${address}`}`,
  ];
  for (const line of lines) await terminal.error.write(`${printable(line)}\n`);
}

/** The listener that `--network-address` and `--network-port` ask for. */
function listenerOf(input: Input, state: ServerState): Partial<Choices> {
  const [address, port] = [input.value('network-address'), input.value('network-port')];
  if (address === undefined && port === undefined) return { address: state.config['core.https_address'] ?? '' };
  return { address: addressOf(address ?? 'all', port ?? '8443') };
}

async function readPreseed({ terminal }: Context, file: string): Promise<string> {
  if (file === '' || file === '-') {
    if (terminal.input.isTty) throw new UsageError('The preseed comes on stdin, or from a file that is named');
    return await readAll(terminal.input);
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // of node:fs
    throw new Failure(`Cannot read the preseed "${file}": ${code}`, { cause: error });
  }
  if (text.length > maxPreseedBytes) throw new Failure(`The preseed is larger than ${maxPreseedBytes} bytes`);
  return text;
}
