/** The images of the comparison: the same files for every subject. */
export const benchImages = ['tiny', 'debian/12'] as const;
export type BenchImage = (typeof benchImages)[number];

/** One system container manager, running, with the images imported and nothing else in it. */
export interface Subject extends AsyncDisposable {
  readonly name: string;
  /** Runs its command line, which must succeed; the verbs and flags are those that the subjects share. Returns stdout. */
  command(...args: string[]): Promise<string>;
  /** Creates and starts an instance; returns when the command line does. */
  launch(image: BenchImage, instance: string): Promise<void>;
  /** Runs a command and waits for its end, through the API and a connection that is kept. */
  execute(instance: string, argv: readonly string[]): Promise<void>;
  /** Takes a snapshot and waits for its end, through the API and a connection that is kept. */
  snapshot(instance: string, snapshot: string): Promise<void>;
  /** Copies an instance without its snapshots, as above. */
  copy(source: string, name: string): Promise<void>;
  /** Bytes (PSS) of the daemon. */
  daemonMemory(): Promise<number>;
  /** Bytes (PSS) of what runs on the host for this instance alone, outside of it. */
  instanceMemory(instance: string): Promise<number>;
  /** Whether the last `instanceMemory` counted something that leaves by itself when it is idle. */
  hasAgent(instance: string): boolean;
}
