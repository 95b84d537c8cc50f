import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Fault } from '../base/fault.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Files of a bundle are written by the server, conmon and the OCI runtime; more than this none of them has. */
const maxFileBytes = 4 * 1024 * 1024;

/** Whether a name found on disk can be that of a container. */
export function isContainerId(name: string): boolean {
  return uuid.test(name);
}

/** The directory of one container below the server's run directory: what conmon and the OCI runtime read and leave. */
export class Bundle {
  readonly id: string;
  readonly directory: string;

  /** Faults: `invalid` for an id that is no uuid, which thus never becomes a path. */
  constructor(bundlesDirectory: string, id: string) {
    if (!isContainerId(id)) throw new Fault('invalid', `Not a container id: ${JSON.stringify(id.slice(0, 80))}`);
    this.id = id;
    this.directory = join(bundlesDirectory, id);
  }

  get config(): string {
    return join(this.directory, 'config.json');
  }
  /** Init's pid, written by the OCI runtime at the end of `create`. */
  get initPid(): string {
    return join(this.directory, 'init.pid');
  }
  get conmonPid(): string {
    return join(this.directory, 'conmon.pid');
  }
  /** conmon's record of init's exit status. */
  get exit(): string {
    return join(this.directory, 'exit');
  }
  /** conmon's fifo for commands. */
  get control(): string {
    return join(this.directory, 'ctl');
  }
  /** conmon's socket for input. */
  get attach(): string {
    return join(this.directory, 'attach');
  }

  async exists(): Promise<boolean> {
    return stat(this.directory).then(
      () => true,
      () => false,
    );
  }

  /** The text of one of the files above, undefined when it is not there. */
  async read(path: string): Promise<string | undefined> {
    try {
      const { size } = await stat(path);
      if (size > maxFileBytes) throw new Fault('internal', `${path} has ${size} bytes`);
      return await readFile(path, 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** The pid in one of the files above. */
  async readPid(path: string): Promise<number | undefined> {
    const text = (await this.read(path))?.trim() ?? '';
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  }
}
