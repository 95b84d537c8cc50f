import type { Connection } from '../client/connection.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What completes a word: fixed words, or names that the server is asked for. */
export type Completion =
  | readonly string[]
  | 'instances'
  /** Instances, and after a slash their snapshots: `web/snap0`. */
  | 'instances-and-snapshots'
  /** Those of the instance that the first argument names. */
  | 'snapshots'
  | 'images'
  | 'buildable-images'
  | 'profiles'
  | 'networks'
  | 'pools'
  | 'projects'
  | 'operations'
  | 'sessions'
  | 'remotes'
  /** The same as they stand before a name: `far:`. */
  | 'servers'
  | 'groups'
  | 'identities'
  | 'instance-keys'
  | 'instance-settings'
  | 'instance-devices'
  | 'instance-templates'
  | 'profile-devices'
  | 'device-types'
  | 'device-options'
  | 'device-settings'
  | 'commands';

export interface OptionSpec {
  /** Without dashes: `format`. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** The word for its value in the help; without it, the option is a switch. */
  readonly value?: string;
  /** A switch that may carry a value after `=`: `--console=console`. */
  readonly optionalValue?: boolean;
  /** May be given several times. */
  readonly repeatable?: boolean;
  readonly doc: string;
  readonly complete?: Completion;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly optional?: boolean;
  /** Takes all that follow; last one only. */
  readonly variadic?: boolean;
  readonly complete?: Completion;
  /**
   * Whether it may name a server, as in `server:web`. `one`: the command is for that server; `each`: every argument for its
   * own; `shared`: arguments with one agree, the others are something else; `own`: the command is for several servers at
   * once, and looks itself which ones (`Input.remotes`). Without this, what is completed with names that a server has and
   * comes first may: `each` when variadic, else `one`.
   */
  readonly remote?: 'one' | 'each' | 'shared' | 'own' | 'none';
}

export interface CommandSpec {
  /** `['image', 'list']`. */
  readonly path: readonly string[];
  /** Other words for the last one of the path. */
  readonly aliases?: readonly string[];
  /** One line, no full stop. */
  readonly summary: string;
  /** Paragraphs of plain text for the help and the reference. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly (readonly [command: string, meaning: string])[];
  /** From the second argument on, words belong to another program: no option is looked for among them. */
  readonly passThrough?: boolean;
  /** It is not for one server: its arguments name none. */
  readonly withoutServer?: boolean;
  /** Not listed in help, completion and reference. */
  readonly hidden?: boolean;
  readonly load: () => Promise<CommandModule>;
}

export interface CommandModule {
  /** Resolves to the exit code; nothing means 0. Failures are thrown, as `Failure` or `UsageError`. */
  readonly run: (context: CommandContext, input: Input) => Promise<number> | Promise<void>;
}

/** For commands that are for several servers at once. */
export interface CommandContext extends Context {
  /** The same on another server. */
  on(remote: string): RemoteContext;
}

export interface RemoteContext extends Context {
  /** As the configuration of the command line has it: `unix://`, `https://host:port`. */
  readonly address: string;
}

/** What a command gets: its process' surroundings, and the way to the server. */
export interface Context {
  readonly terminal: Terminal;
  readonly global: GlobalOptions;
  /** The environment, as `main.ts` read it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The server. What talks to it is loaded, and the connection opened, by the first call; anew when it was lost. */
  connect(): Promise<Connection>;
}

export interface GlobalOptions {
  /** The server that the command is for, by its name among the remotes. */
  readonly remote: string;
  /** Empty: the default one. */
  readonly project: string;
  readonly debug: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

/** The parsed command line of one command. Asking for an option that its spec lacks is a defect and throws. */
export interface Input {
  readonly arguments: readonly string[];
  /** The servers that arguments name, where these are for several; undefined for one that names none. */
  readonly remotes: readonly (string | undefined)[];
  flag(name: string): boolean;
  value(name: string): string | undefined;
  values(name: string): readonly string[];
}
